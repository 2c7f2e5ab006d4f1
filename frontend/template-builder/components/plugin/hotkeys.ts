import type { PluginDefinition } from "../../language/definitions.ts";

const OWN_PROPERTIES: readonly string[] = ["allowHotkeysInInputs", "version"];

/** Every other property is a key (`1`, `q`, `up`, `shift+x`) and its value an action. */
export const pluginHotkeys: PluginDefinition = {
  kind: "plugin",
  type: "plugin.hotkeys",
  start(call) {
    const worksInInputs = call.read("allowHotkeysInInputs") === true;
    const keys = [...call.component.properties.keys()].filter(
      (key) => !OWN_PROPERTIES.includes(key),
    );
    call.scope.task.addHotkeys(
      keys.map((key) => ({ key, worksInInputs, action: () => call.read(key) })),
    );
    return undefined;
  },
};
