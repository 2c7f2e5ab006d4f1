import type { ViewDefinition } from "../../language/definitions.ts";
import { directionOf } from "../../render/reading.ts";
import { Views } from "../../render/view.tsx";

/** A vertical stack, or a row that wraps. */
export const viewList: ViewDefinition = {
  kind: "view",
  type: "view.list",
  render: ({ instance }) => (
    <div
      class="tb-list-items"
      data-direction={instance.read("direction") === "horizontal" ? "horizontal" : "vertical"}
      data-size={instance.read("size") === "s" ? "s" : "m"}
      dir={directionOf(instance)}
    >
      <Views instances={instance.read("items")} />
    </div>
  ),
};
