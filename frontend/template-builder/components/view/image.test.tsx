// @vitest-environment jsdom
import { expect, test } from "vitest";
import { act, draw, press } from "../../testing-dom.tsx";

const url = "https://example.com/a.png";

test("the box has its ratio before the picture is there", () => {
  const { find } = draw({ view: { type: "view.image", url, ratio: [4, 3], maxWidth: 300 } });

  const box = find(".tb-image-box");
  expect(box.style.aspectRatio).toBe("4 / 3");
  expect(box.style.maxWidth).toBe("300px");
  expect(find("img").getAttribute("loading")).toBe("lazy");
});

test("a picture that does not load is said and reported", () => {
  const problems: unknown[] = [];
  const host = { reportProblem: (problem: unknown) => problems.push(problem) };
  const { find, root } = draw({ view: { type: "view.image", url } }, { host });

  void act(() => {
    find("img").dispatchEvent(new Event("error"));
  });

  expect(root.querySelector("img")).toBeNull();
  expect(find(".tb-image-failed").textContent).toContain(url);
  expect(problems).toEqual([{ url, kind: "image" }]);
});

test.each(["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", ""])(
  "an address like %j is never loaded",
  (bad) => {
    const { root } = draw({ view: { type: "view.image", url: bad } });

    expect(root.querySelector("img")).toBeNull();
  },
);

test("a press opens it full screen, turning turns what is shown", () => {
  const { find } = draw({ view: { type: "view.image", url, rotatable: true } });

  press(find(".tb-image-turns button:last-child"));
  press(find("button.tb-image-box"));

  expect(find(".tb-image-box img").style.transform).toBe("rotate(90deg)");
  expect(find<HTMLDialogElement>("dialog").open).toBe(true);
});

test("without a pop-up it is no button", () => {
  const { find } = draw({ view: { type: "view.image", url, popup: false } });

  expect(find(".tb-image-box").tagName).toBe("DIV");
});
