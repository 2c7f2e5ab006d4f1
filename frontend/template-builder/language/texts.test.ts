import { expect, test } from "vitest";
import { catalogues } from "./texts.ts";

const names = (text: string) => (text.match(/\{\w+\}/g) ?? []).sort();

test("every sentence of the language is translated and names the same values", () => {
  for (const [key, english] of Object.entries(catalogues.en)) {
    const russian = catalogues.ru[key as keyof typeof catalogues.ru];
    expect(russian, key).toMatch(/[а-яё]/i);
    expect(names(russian), key).toEqual(names(english));
  }
  expect(Object.keys(catalogues.ru).sort()).toEqual(Object.keys(catalogues.en).sort());
});
