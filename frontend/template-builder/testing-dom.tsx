/** For tests with a DOM: a template drawn as the page draws it. */
import { render } from "preact";
import { act } from "preact/test-utils";
import type { Task, TaskSource } from "./language/task.ts";
import { View } from "./render/view.tsx";
import { openTask } from "./testing.ts";

// jsdom has the element, not the method.
HTMLDialogElement.prototype.showModal ??= function showModal(this: HTMLDialogElement) {
  this.open = true;
};

export interface Drawn {
  readonly task: Task;
  readonly root: HTMLElement;
  /** The first element for a selector, or an error that says which one is not there. */
  find<E extends HTMLElement = HTMLElement>(selector: string): E;
}

export function draw(config: unknown, source: Partial<Omit<TaskSource, "template">> = {}): Drawn {
  const task = openTask(config, source);
  const root = document.createElement("div");
  document.body.replaceChildren(root);
  void act(() => render(<View instance={task.root.value} />, root));
  return {
    task,
    root,
    find<E extends HTMLElement = HTMLElement>(selector: string): E {
      const found = root.querySelector<E>(selector);
      if (!found) throw new Error(`nothing for ${selector} in ${root.innerHTML}`);
      return found;
    },
  };
}

/** Types a text as a person does, at once. */
export function type(element: HTMLInputElement | HTMLTextAreaElement, text: string): void {
  void act(() => {
    element.value = text;
    element.dispatchEvent(new Event("input", { bubbles: true }));
  });
}

export function press(element: HTMLElement): void {
  void act(() => element.click());
}

export { act };
