import type { CompositeDefinition } from "../../language/definitions.ts";

/** The condition fails. The reason is the opposite of the condition's own. */
export const conditionNot: CompositeDefinition = {
  kind: "composite",
  type: "condition.not",
  judge(call) {
    const verdict = call.judge("condition");
    return { passed: !verdict.passed, explain: (negated) => verdict.explain(!negated) };
  },
};
