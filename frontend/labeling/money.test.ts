import { expect, test } from "vitest";
import { formatMoney, isZero } from "./money.ts";

test.each([
  ["0.12", "en", "$0.12"],
  ["0.005", "en", "$0.005"],
  ["0.12", "ru", "0,12 $"],
  ["9007199254740993.01", "en", "$9,007,199,254,740,993.01"],
])("%s in %s is %s", (amount, language, text) => {
  expect(formatMoney(amount, "USD", language).replace(/\s/g, " ")).toBe(text);
});

test("zero is zero however it is written", () => {
  expect(["0", "0.00", "0.000", "-0.0"].map(isZero)).toEqual([true, true, true, true]);
  expect(["0.01", "10"].map(isZero)).toEqual([false, false]);
});
