/** Keys by what is printed on them in Latin, so that a Russian layout works alike. */

export interface KeyPress {
  readonly key: string;
  readonly code: string;
  readonly ctrlKey: boolean;
  readonly shiftKey: boolean;
  readonly altKey: boolean;
  readonly metaKey: boolean;
}

const ALIASES: Readonly<Record<string, string>> = {
  esc: "escape",
  return: "enter",
  spacebar: "space",
  " ": "space",
  del: "delete",
  command: "meta",
  option: "alt",
  control: "ctrl",
};

/** The key of a press as templates name it: `a`, `1`, `up`, `enter`. */
export function nameKey(press: KeyPress): string {
  if (/^[a-z]$/i.test(press.key)) return press.key.toLowerCase();
  const physical = /^(?:Key|Digit|Numpad)([A-Z0-9])$/.exec(press.code);
  if (physical?.[1] !== undefined) return physical[1].toLowerCase();
  const named = press.key.replace(/^Arrow/, "").toLowerCase();
  return ALIASES[named] ?? named;
}

/** True where a press is the key that a template names, `shift+x` for instance. */
export function isKey(press: KeyPress, name: string): boolean {
  const parts = name.toLowerCase() === "+" ? ["+"] : name.toLowerCase().split("+");
  const names = parts.map((part) => ALIASES[part] ?? part);
  const key = names.at(-1);
  const has = (modifier: string) => names.slice(0, -1).includes(modifier);
  return (
    (nameKey(press) === key || press.key === key) &&
    press.ctrlKey === has("ctrl") &&
    press.altKey === has("alt") &&
    press.metaKey === has("meta") &&
    press.shiftKey === has("shift")
  );
}

/** The question mark, wherever the layout has it. */
export function isQuestionMark(press: KeyPress): boolean {
  if (press.ctrlKey || press.altKey || press.metaKey) return false;
  return press.key === "?" || (press.code === "Slash" && press.shiftKey);
}

/** True where keys write text; radio buttons and check boxes take none. */
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) {
    return !["radio", "checkbox", "button", "submit", "range", "file"].includes(target.type);
  }
  return (
    target instanceof HTMLTextAreaElement ||
    target instanceof HTMLSelectElement ||
    target.isContentEditable === true
  );
}
