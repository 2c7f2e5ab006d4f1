import type { CompositeDefinition } from "../../language/definitions.ts";

/** One condition holds; an empty list fails. The reason names the conditions that failed. */
export const conditionAny: CompositeDefinition = {
  kind: "composite",
  type: "condition.any",
  judge(call) {
    const verdicts = call.judgeEach("conditions");
    return {
      passed: verdicts.some((verdict) => verdict.passed),
      explain: (negated) => ({
        joiner: call.scope.task.texts("condition.or"),
        reasons: verdicts
          .filter((verdict) => verdict.passed === negated)
          .map((verdict) => verdict.explain(negated)),
      }),
    };
  },
};
