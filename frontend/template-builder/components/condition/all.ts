import type { CompositeDefinition } from "../../language/definitions.ts";

/** Every condition holds; an empty list holds. The reason names the conditions that failed. */
export const conditionAll: CompositeDefinition = {
  kind: "composite",
  type: "condition.all",
  judge(call) {
    const verdicts = call.judgeEach("conditions");
    return {
      passed: verdicts.every((verdict) => verdict.passed),
      explain: (negated) => ({
        joiner: call.scope.task.texts("condition.and"),
        reasons: verdicts
          .filter((verdict) => verdict.passed === negated)
          .map((verdict) => verdict.explain(negated)),
      }),
    };
  },
};
