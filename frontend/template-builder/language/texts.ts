/** The language's own sentences. A key that one language lacks does not compile. */
const english = {
  "condition.failed": "this answer cannot be accepted",
  "condition.and": "and",
  "condition.or": "or",
  "required.direct": "must be filled in",
  "required.opposite": "can be empty",
  "empty.direct": "must be empty",
  "empty.opposite": "must be filled in",
  "equals.direct": "{data} must be equal to {to}",
  "equals.opposite": "{data} must not be equal to {to}",
  "image.open": "Open the picture full screen",
  "image.close": "Close",
  "image.failed": "The picture could not be loaded",
  "image.rotateLeft": "Turn left",
  "image.rotateRight": "Turn right",
  "image.zoom": "Change the size of the picture",
  "text.clear": "Clear",
  "hint.show": "Show a hint",
  "markdown.failed": "The text could not be shown. Reload the page.",
} as const;

export type TextKey = keyof typeof english;
export type LanguageCode = "en" | "ru";

const russian: Record<TextKey, string> = {
  "condition.failed": "такой ответ не подходит",
  "condition.and": "и",
  "condition.or": "или",
  "required.direct": "нужно заполнить",
  "required.opposite": "можно оставить пустым",
  "empty.direct": "нужно оставить пустым",
  "empty.opposite": "нужно заполнить",
  "equals.direct": "значение {data} должно быть равно {to}",
  "equals.opposite": "значение {data} не должно быть равно {to}",
  "image.open": "Открыть картинку на весь экран",
  "image.close": "Закрыть",
  "image.failed": "Не удалось загрузить картинку",
  "image.rotateLeft": "Повернуть влево",
  "image.rotateRight": "Повернуть вправо",
  "image.zoom": "Изменить размер картинки",
  "text.clear": "Очистить",
  "hint.show": "Показать подсказку",
  "markdown.failed": "Не удалось показать текст. Обновите страницу.",
};

export const catalogues: Readonly<Record<LanguageCode, Readonly<Record<TextKey, string>>>> = {
  en: english,
  ru: russian,
};

/** The text of a key, with `{name}` filled from `values`. */
export type LanguageTexts = (key: TextKey, values?: Readonly<Record<string, string>>) => string;

export function textsIn(language: LanguageCode): LanguageTexts {
  return (key, values = {}) => fillText(catalogues[language][key], values);
}

export function fillText(text: string, values: Readonly<Record<string, string | number>>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}
