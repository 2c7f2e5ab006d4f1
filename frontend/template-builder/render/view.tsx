/** Puts an instance on the page: its label, hint and errors around what the component draws. */
import type { ComponentChildren, FunctionComponent } from "preact";
import { Component } from "preact";
import type { Instance } from "../language/instance.ts";
import { Hint, Markers } from "./parts.tsx";
import { textOf } from "./reading.ts";

export function View({ instance }: { instance: unknown }) {
  return isInstance(instance) ? (
    <Boundary instance={instance}>
      <Framed instance={instance} />
    </Boundary>
  ) : null;
}

/** Views among the values of a list property; what yields nothing takes no place. */
export function Views({ instances }: { instances: unknown }) {
  const list = Array.isArray(instances) ? instances.flat(Number.POSITIVE_INFINITY) : [instances];
  return list.filter(isInstance).map((one) => <View key={one.id} instance={one} />);
}

function Framed({ instance }: { instance: Instance }) {
  const { definition } = instance;
  const Body = definition.render as FunctionComponent<{ instance: Instance }>;
  const label = definition.labelInside ? "" : textOf(instance, "label");
  const hint = definition.labelInside ? "" : textOf(instance, "hint");
  const errors = instance.errors;
  const shared = {
    id: frameId(instance),
    class: `tb tb-${instance.component.type.replace(/^@\w+\//, "").replace(".", "-")}`,
    "data-type": instance.component.type,
    ...(instance.isField ? { "data-field": instance.reference.path } : {}),
  };
  const mark = instance.read("requiredMark") === true ? <span class="tb-mark">*</span> : null;
  const hintButton = hint === "" ? null : <Hint text={hint} texts={instance.task.texts} />;
  const body = (
    <>
      <Body instance={instance} />
      <Markers id={errorsId(instance)} errors={errors} />
    </>
  );
  if (definition.labelsGroup) {
    return (
      <fieldset {...shared} aria-describedby={errors.length > 0 ? errorsId(instance) : undefined}>
        {label === "" ? null : (
          <legend class="tb-label">
            {label}
            {mark}
          </legend>
        )}
        {hintButton}
        {body}
      </fieldset>
    );
  }
  return (
    <div {...shared}>
      {label === "" ? null : (
        <div class="tb-label">
          {instance.isField ? <label htmlFor={instance.id}>{label}</label> : <span>{label}</span>}
          {mark}
          {hintButton}
        </div>
      )}
      {label === "" ? hintButton : null}
      {body}
    </div>
  );
}

/** What ties a single control to its label and errors. */
export function controlProps(instance: Instance) {
  const hasErrors = instance.errors.length > 0;
  return {
    id: instance.id,
    "aria-invalid": hasErrors ? ("true" as const) : undefined,
    "aria-describedby": hasErrors ? errorsId(instance) : undefined,
  };
}

export function frameId(instance: Instance): string {
  return `${instance.id}-frame`;
}

/** Moves the focus to the first control of an instance, or to the instance where it has none. */
export function focusInstance(instance: Instance): void {
  const frame = document.getElementById(frameId(instance));
  if (!frame) return;
  // Asked apart: one list of selectors would give what comes first in the document.
  const control =
    frame.querySelector<HTMLElement>("input:checked:enabled") ??
    frame.querySelector<HTMLElement>(
      "input:enabled, textarea:enabled, select:enabled, button:enabled",
    );
  if (!control) frame.tabIndex = -1;
  (control ?? frame).focus();
}

function errorsId(instance: Instance): string {
  return `${instance.id}-errors`;
}

function isInstance(value: unknown): value is Instance {
  return typeof value === "object" && value !== null && "component" in value && "task" in value;
}

/** A component that breaks while it is drawn fails its task, never the page. */
class Boundary extends Component<{ instance: Instance; children?: ComponentChildren }> {
  override state = { isBroken: false };

  override componentDidCatch(reason: unknown): void {
    const { instance } = this.props;
    const cause = reason instanceof Error ? reason.message : String(reason);
    const { path, type } = instance.component;
    instance.task.fail(
      cause.startsWith(path) ? new Error(cause) : new Error(`${path}: ${type}: ${cause}`),
    );
    this.setState({ isBroken: true });
  }

  override render() {
    return this.state.isBroken ? null : this.props.children;
  }
}
