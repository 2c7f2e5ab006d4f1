import type { LanguageTexts } from "../language/texts.ts";

/** A hint behind an "i"; `<details>` opens by keyboard and touch without a script. */
export function Hint({ text, texts }: { text: string; texts: LanguageTexts }) {
  return (
    <details class="tb-hint">
      <summary aria-label={texts("hint.show")} title={texts("hint.show")}>
        <span aria-hidden="true">i</span>
      </summary>
      <div class="tb-hint-text">{text}</div>
    </details>
  );
}

/** The key that does the same as a control. */
export function KeyBadge({ keyName }: { keyName: string | undefined }) {
  if (keyName === undefined) return null;
  return (
    <span class="tb-key" aria-hidden="true">
      {showKey(keyName)}
    </span>
  );
}

/** Errors under a component; empty it takes no room. */
export function Markers({ id, errors }: { id: string; errors: readonly string[] }) {
  if (errors.length === 0) return null;
  return (
    <ul class="tb-errors" id={id}>
      {errors.map((line) => (
        <li key={line}>{line}</li>
      ))}
    </ul>
  );
}

export function showKey(keyName: string): string {
  const arrows: Readonly<Record<string, string>> = { up: "↑", down: "↓", left: "←", right: "→" };
  return keyName
    .split("+")
    .map((part) => arrows[part] ?? (part.length === 1 ? part.toUpperCase() : capitalize(part)))
    .join("+");
}

function capitalize(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
