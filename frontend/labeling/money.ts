/** Decimal text as an amount in the reader's language: "0.12" as "$0.12". Exact, no float between. */
export function formatMoney(amount: string, currency: string, language: string): string {
  const format = new Intl.NumberFormat(language, {
    style: "currency",
    currency,
    currencyDisplay: "narrowSymbol",
    maximumFractionDigits: 6,
  });
  return format.format(amount as `${number}`);
}

export function isZero(amount: string): boolean {
  return /^[-+]?0*(\.0*)?$/.test(amount);
}
