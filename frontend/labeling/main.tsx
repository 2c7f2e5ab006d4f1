/** The entry of the labeling page: reads the inlined state, compiles the template, starts. */
import "./labeling.css";
import "./content.css";
import "../template-builder/render/components.css";
import "../template-builder/render/media.css";
import { render } from "preact";
import { registry } from "../template-builder/components/index.ts";
import { compileConfig, type Template } from "../template-builder/language/compile.ts";
import { asError } from "../template-builder/language/errors.ts";
import { createClock } from "./clock.ts";
import { removeOldDrafts } from "./drafts.ts";
import { BrokenTemplate } from "./endings.tsx";
import { listen } from "./listen.ts";
import { speak } from "./messages.ts";
import { createPage } from "./page.ts";
import { PageView } from "./page-view.tsx";
import { prefetchPictures } from "./prefetch.ts";
import { type PageState, readConfig, readPageState } from "./protocol.ts";
import { createTelemetry } from "./telemetry.ts";
import { createTransport } from "./transport.ts";

/** Longer than this a slow chunk does not keep the task from being shown. */
const PREPARE_WITHIN_MS = 3000;

async function start(): Promise<void> {
  const app = document.getElementById("app");
  const source = document.getElementById("state");
  if (!app || !source) throw new Error("the page has no #app or no #state");
  const state = readPageState(JSON.parse(source.textContent ?? ""));
  const template = compile(state);
  if (template instanceof Error) {
    const say = speak(state.language);
    app.textContent = "";
    render(<BrokenTemplate say={say} state={state} error={template} />, app);
    return;
  }
  await prepare(template);
  const telemetry = createTelemetry();
  const page = createPage({
    state,
    template,
    telemetry,
    transport: createTransport(state.urls.api),
    clock: createClock(),
    isVisible: () => document.visibilityState === "visible",
  });
  app.textContent = "";
  render(<PageView page={page} />, app);
  listen(page, telemetry);
  prefetchPictures(page);
  removeOldDrafts(Date.now());
}

function compile(state: PageState): Template | Error {
  try {
    return compileConfig(readConfig(state.project.view_spec), registry);
  } catch (reason) {
    return asError(reason);
  }
}

async function prepare(template: Template): Promise<void> {
  const preparing = [...template.definitions].map((definition) =>
    "prepare" in definition ? definition.prepare?.() : undefined,
  );
  // A chunk that does not load is a component that shows less, not a page that does not start.
  const timeLimit = new Promise((resolve) => setTimeout(resolve, PREPARE_WITHIN_MS));
  await Promise.race([Promise.allSettled(preparing), timeLimit]);
}

void start();
