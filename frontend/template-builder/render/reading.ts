/** Properties as a component needs them: checked at the edge, whatever the template holds. */
import type { Instance } from "../language/instance.ts";

/** A property as text; other values as JSON, nothing and null as "". */
export function textOf(instance: Instance, name: string): string {
  return asText(instance.read(name));
}

export function asText(value: unknown): string {
  if (value === undefined || value === null) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}

export function flagOf(instance: Instance, name: string, fallback = false): boolean {
  const value = instance.read(name);
  return value === undefined ? fallback : value === true;
}

export function numberOf(instance: Instance, name: string): number | undefined {
  const value = instance.read(name);
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

/** `rtl: {"mode": "rtl"}` as the `dir` attribute. */
export function directionOf(instance: Instance): "rtl" | undefined {
  const mode = (instance.read("rtl") as { mode?: unknown } | null | undefined)?.mode;
  return mode === "rtl" ? "rtl" : undefined;
}

export interface Option {
  readonly label: string;
  readonly value: unknown;
  readonly hint: string;
}

/** The options of a choice; entries that yield nothing are dropped. */
export function optionsOf(instance: Instance): Option[] {
  const options = instance.read("options");
  if (!Array.isArray(options)) return [];
  return options
    .filter((option): option is Record<string, unknown> => Boolean(option))
    .map(({ label, value, hint }) => ({ label: asText(label), value, hint: asText(hint) }));
}

/** The aspect ratio of a media box, 16 to 9 where none is given. */
export function ratioOf(instance: Instance): string {
  const ratio = instance.read("ratio");
  if (Array.isArray(ratio)) {
    const [width, height] = ratio;
    if (isPositive(width) && isPositive(height)) return `${width} / ${height}`;
  }
  return "16 / 9";
}

function isPositive(value: unknown): value is number {
  return typeof value === "number" && value > 0;
}

/** A URL that is safe to load media from; others give undefined. */
export function mediaUrlOf(instance: Instance, name: string): string | undefined {
  const text = textOf(instance, name);
  if (text === "") return undefined;
  try {
    const url = new URL(text, "https://page.invalid/");
    const isSafe = ["https:", "http:", "blob:"].includes(url.protocol) || isImageData(text);
    return isSafe ? text : undefined;
  } catch {
    return undefined;
  }
}

function isImageData(url: string): boolean {
  return /^data:(image|audio|video)\//i.test(url);
}
