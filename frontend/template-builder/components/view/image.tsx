import { useEffect, useRef } from "preact/hooks";
import type { ViewDefinition } from "../../language/definitions.ts";
import type { Instance } from "../../language/instance.ts";
import { flagOf, mediaUrlOf, numberOf, ratioOf, textOf } from "../../render/reading.ts";

/**
 * A picture fitted into a box whose size is known before it loads. A press opens it full screen, or
 * changes its size where it is scrollable.
 */
export const viewImage: ViewDefinition = {
  kind: "view",
  type: "view.image",
  render: Picture,
};

function Picture({ instance }: { instance: Instance }) {
  const url = mediaUrlOf(instance, "url");
  const state = instance.viewState.value;
  const { texts } = instance.task;
  const rotation = typeof state.rotation === "number" ? state.rotation : 0;
  const isScrollable = flagOf(instance, "scrollable");
  const opens = flagOf(instance, "popup", true);
  if (url === undefined || state.isFailed) return <Failed instance={instance} />;
  const picture = (
    <img
      src={url}
      alt=""
      decoding="async"
      loading={flagOf(instance, "noLazyLoad") ? "eager" : "lazy"}
      style={{ transform: rotation === 0 ? "" : `rotate(${rotation}deg)` }}
      onError={() => fail(instance, url)}
    />
  );
  const box = {
    class: `tb-image-box${flagOf(instance, "noBorder") ? " is-borderless" : ""}`,
    style: boxStyle(instance),
    "data-zoomed": state.isZoomed === true ? "" : undefined,
  };
  const press = () =>
    instance.setViewState(isScrollable ? { isZoomed: !state.isZoomed } : { isOpen: true });
  return (
    <>
      {isScrollable || opens ? (
        <button
          type="button"
          {...box}
          aria-label={texts(isScrollable ? "image.zoom" : "image.open")}
          onClick={press}
        >
          {picture}
        </button>
      ) : (
        <div {...box}>{picture}</div>
      )}
      {flagOf(instance, "rotatable") ? <Turns instance={instance} rotation={rotation} /> : null}
      {state.isOpen ? <FullScreen instance={instance} url={url} rotation={rotation} /> : null}
    </>
  );
}

function boxStyle(instance: Instance) {
  if (flagOf(instance, "fullHeight")) return { height: "70vh", minHeight: "400px" };
  const maxWidth = numberOf(instance, "maxWidth");
  return {
    aspectRatio: ratioOf(instance),
    minWidth: `${numberOf(instance, "minWidth") ?? 150}px`,
    ...(maxWidth === undefined ? {} : { maxWidth: `${maxWidth}px` }),
  };
}

function fail(instance: Instance, url: string): void {
  instance.setViewState({ isFailed: true });
  instance.task.host.reportProblem({ url, kind: "image" });
}

function Failed({ instance }: { instance: Instance }) {
  return (
    <div class="tb-image-box tb-image-failed" style={boxStyle(instance)}>
      <p>{instance.task.texts("image.failed")}</p>
      <code>{textOf(instance, "url")}</code>
    </div>
  );
}

function Turns({ instance, rotation }: { instance: Instance; rotation: number }) {
  const { texts } = instance.task;
  const turn = (degrees: number) => instance.setViewState({ rotation: rotation + degrees });
  return (
    <div class="tb-image-turns">
      <button type="button" aria-label={texts("image.rotateLeft")} onClick={() => turn(-90)}>
        ↺
      </button>
      <button type="button" aria-label={texts("image.rotateRight")} onClick={() => turn(90)}>
        ↻
      </button>
    </div>
  );
}

interface FullScreenProps {
  instance: Instance;
  url: string;
  rotation: number;
}

/** A modal dialog: Escape, a press and the close button all leave it, the focus goes back by itself. */
function FullScreen({ instance, url, rotation }: FullScreenProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog
      ref={dialog}
      class="tb-image-dialog"
      aria-label={instance.task.texts("image.open")}
      onClose={() => instance.setViewState({ isOpen: false })}
    >
      <button type="button" class="tb-image-close" onClick={() => dialog.current?.close()}>
        <img src={url} alt="" style={{ transform: `rotate(${rotation}deg)` }} />
        <span class="tb-image-close-text">{instance.task.texts("image.close")}</span>
      </button>
    </dialog>
  );
}
