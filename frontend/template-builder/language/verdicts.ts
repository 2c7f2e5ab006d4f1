/** What judging a condition gives, and how the reasons are put into lines. */
import type { LanguageTexts } from "./texts.ts";

const INDENT = "\u00a0\u00a0";

/** Why a condition failed: a sentence, or a group of reasons joined by "and" or "or". */
export type Reason =
  | { readonly sentence: string }
  | { readonly joiner: string; readonly reasons: readonly Reason[] };

export interface Verdict {
  readonly passed: boolean;
  /** The reason it failed; `negated`: the reason its passing is wrong, under `condition.not`. */
  explain(negated: boolean): Reason;
}

export const PASSED: Verdict = { passed: true, explain: () => ({ sentence: "" }) };

/** Undefined passes, a boolean is itself, anything else fails. */
export function verdictOf(value: unknown, texts: LanguageTexts): Verdict {
  if (value === undefined) return PASSED;
  return { passed: value === true, explain: () => ({ sentence: texts("condition.failed") }) };
}

/**
 * The lines shown for a reason. Every reason of a group but its first is led by the joiner ("and
 * must be empty"); a group within a group stands two no-break spaces further in.
 */
export function linesOf(reason: Reason, depth = 0, lead = ""): string[] {
  if ("sentence" in reason) {
    if (reason.sentence === "") return [];
    return `${lead}${reason.sentence}`.split("\n").map((line) => INDENT.repeat(depth) + line);
  }
  return reason.reasons.flatMap((child, index) =>
    linesOf(
      child,
      "sentence" in child ? depth : depth + 1,
      index === 0 ? lead : `${reason.joiner} `,
    ),
  );
}
