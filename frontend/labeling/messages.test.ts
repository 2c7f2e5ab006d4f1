import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { english, type MessageKey, russian, speak } from "./messages.ts";

const keys = Object.keys(english) as MessageKey[];
const names = (text: string) => (text.match(/\{\w+\}/g) ?? []).sort();

describe("messages", () => {
  test.each(keys)("%s is translated and names the same values", (key) => {
    expect(russian[key]).toMatch(/[а-яё]/i);
    expect(names(russian[key])).toEqual(names(english[key]));
  });

  test("neither language has a text that the other lacks", () => {
    expect(Object.keys(russian).sort()).toEqual([...keys].sort());
  });

  test("every text is said somewhere", () => {
    const folder = new URL("./", import.meta.url);
    const sources = readdirSync(folder)
      .filter((name) => /\.tsx?$/.test(name) && !/^messages\.|\.test\./.test(name))
      .map((name) => readFileSync(new URL(name, folder), "utf8"))
      .join("\n");

    expect(keys.filter((key) => !sources.includes(`"${key}"`))).toEqual([]);
  });

  test("no text for people stands in the markup", () => {
    const folder = new URL("./", import.meta.url);
    const views = readdirSync(folder).filter((name) => /\.tsx$/.test(name) && !/test/.test(name));
    const found = views.flatMap((name) => {
      const source = readFileSync(new URL(name, folder), "utf8");
      return (source.match(/>\s*[A-Z][a-z]+ [a-z][^<>{}();=]*</g) ?? []).map(
        (hit) => `${name}: ${hit}`,
      );
    });

    expect(found).toEqual([]);
  });

  test("values are filled in", () => {
    expect(speak("en")("header.progressOf", { submitted: 1, total: 3 })).toBe("Done: 1 of 3");
    expect(speak("ru")("header.progressOf", { submitted: 1, total: 3 })).toBe("Готово: 1 из 3");
  });
});
