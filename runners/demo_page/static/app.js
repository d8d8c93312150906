"use strict";
// Loads TensorFlow.js and the model from this folder, and answers what is drawn.

const LIBRARIES = ["tf-core", "tf-converter", "tf-backend-wasm"].map((name) => `lib/${name}.es2017.min.js`);
const byId = (id) => document.getElementById(id);
const area = new DrawingArea(byId("drawing"), () => {}, answer);
let model = null;

function addScript(path) {
  return new Promise((loaded, failed) => {
    const script = document.createElement("script");
    script.src = path;
    script.async = false; // they run in this order
    script.onload = loaded;
    script.onerror = () => failed(new Error(`The file ${path} is missing, or cannot be read.`));
    document.head.append(script);
  });
}

async function load() {
  if (location.protocol === "file:") {
    throw new Error("Browsers load no model from a file on disk: put this folder on a web server.");
  }
  if (typeof WebAssembly !== "object") {
    throw new Error("This browser has no WebAssembly, or it is switched off; the model cannot run without it.");
  }
  await Promise.all(LIBRARIES.map(addScript));
  // Threads need headers that static hosts do not send; their file is not here.
  tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", false);
  tf.wasm.setWasmPaths("lib/");
  if (!(await tf.setBackend("wasm"))) {
    throw new Error("The model cannot run: a file of WebAssembly in lib is missing, or cannot be read.");
  }
  try {
    model = await tf.loadGraphModel("model/model.json");
  } catch (error) {
    throw new Error(`The model cannot be loaded: ${error.message}`);
  }
  const { side } = signature();
  Object.assign(byId("seen"), { width: side, height: side });
  // The first answer takes longer than those that follow: nobody is to wait for it.
  ask(Array.from({ length: side }, () => new Array(side).fill(0)));
}

// Names and shape of what the model takes and returns, as its file has them.
function signature() {
  const { inputs, outputs } = model.modelSignature, [input] = Object.values(inputs);
  return {
    input: input.name,
    side: Number(input.tensorShape.dim[1].size),
    probabilities: outputs.probabilities.name,
  };
}

function ask(rows) {
  const { input, side, probabilities } = signature();
  const started = performance.now();
  const values = tf.tidy(() => {
    const images = tf.tensor(rows.flat(), [1, side, side], "int32");
    return model.execute({ [input]: images }, probabilities).dataSync();
  });
  return { milliseconds: performance.now() - started, probabilities: values };
}

function answer() {
  const ink = area.read();
  if (!ink || !model) return;
  const { width, height } = area.canvas, rows = centre(ink, width, height, signature().side);
  showPixels(byId("seen"), rows);
  try {
    const { milliseconds, probabilities } = ask(rows);
    const best = showProbabilities(byId("probabilities"), probabilities);
    byId("digit").textContent = best;
    byId("certainty").textContent = `, ${(100 * probabilities[best]).toFixed(1)} %`;
    byId("latency").textContent = `${milliseconds.toFixed(1)} ms`;
  } catch (error) {
    clearAnswer();
    tell(`The model failed: ${error.message}`);
  }
}

function clearAnswer() {
  byId("digit").textContent = "?";
  byId("certainty").textContent = byId("latency").textContent = "";
  byId("probabilities").replaceChildren();
}

function clear() {
  area.clear();
  clearAnswer();
  const { width, height } = byId("seen");
  byId("seen").getContext("2d").clearRect(0, 0, width, height);
}

function tell(problem) {
  byId("problem").classList.remove("early");
  byId("problem").textContent = problem;
}

async function keepForOffline() {
  // Browsers have it for pages over https and from this very machine only.
  const { serviceWorker } = navigator;
  if (!serviceWorker) return;
  const registration = await serviceWorker.register("service_worker.js", { updateViaCache: "none" });
  // This page has loaded all that it needs: a newer version need not wait until it is closed.
  const takeNewer = () => {
    if (!registration.waiting || !registration.active) return;
    registration.waiting.postMessage("take over");
    byId("offline").textContent = "A newer version of this page is here: reload to see it.";
  };
  registration.addEventListener("updatefound", () => {
    registration.installing.addEventListener("statechange", takeNewer);
  });
  await serviceWorker.ready;
  byId("offline").textContent = "This page is kept on your device, and works without a network.";
  takeNewer();
}

async function start() {
  byId("clear").addEventListener("click", clear);
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") clear(); });
  tell("");
  byId("latency").textContent = "Loading the model";
  try {
    await load();
  } catch (error) {
    return tell(error.message);
  } finally {
    byId("latency").textContent = "";
  }
  answer(); // to who has drawn already
  // Without it, the page works as long as there is a network.
  await keepForOffline().catch(() => {});
}

start();
