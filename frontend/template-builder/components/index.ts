/** The table of components. A new one is its file and a row here. */
import { createRegistry } from "../language/definitions.ts";
import { actionSet } from "./action/set.ts";
import { conditionAll } from "./condition/all.ts";
import { conditionAny } from "./condition/any.ts";
import { conditionEmpty } from "./condition/empty.ts";
import { conditionEquals } from "./condition/equals.ts";
import { conditionNot } from "./condition/not.ts";
import { conditionRequired } from "./condition/required.ts";
import { dataInput } from "./data/input.ts";
import { dataInternal } from "./data/internal.ts";
import { dataOutput } from "./data/output.ts";
import { fieldButtonRadioGroup } from "./field/button-radio-group.tsx";
import { fieldCheckbox } from "./field/checkbox.tsx";
import { fieldRadioGroup } from "./field/radio-group.tsx";
import { fieldText } from "./field/text.tsx";
import { fieldTextarea } from "./field/textarea.tsx";
import { helperIf } from "./helper/if.ts";
import { pluginHotkeys } from "./plugin/hotkeys.ts";
import { pluginToloka } from "./plugin/toloka.ts";
import { viewImage } from "./view/image.tsx";
import { viewList } from "./view/list.tsx";
import { viewMarkdown } from "./view/markdown.tsx";
import { viewText } from "./view/text.tsx";

export const registry = createRegistry([
  actionSet,
  conditionAll,
  conditionAny,
  conditionEmpty,
  conditionEquals,
  conditionNot,
  conditionRequired,
  dataInput,
  dataInternal,
  dataOutput,
  fieldButtonRadioGroup,
  fieldCheckbox,
  fieldRadioGroup,
  fieldText,
  fieldTextarea,
  helperIf,
  pluginHotkeys,
  pluginToloka,
  viewImage,
  viewList,
  viewMarkdown,
  viewText,
]);
