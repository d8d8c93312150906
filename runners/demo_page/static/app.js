"use strict";
// Loads TensorFlow.js and the model from this folder, and answers what is drawn or chosen.

const LIBRARIES = ["tf-core", "tf-converter", "tf-backend-wasm"].map((name) => `lib/${name}.es2017.min.js`);
const byId = (id) => document.getElementById(id);
const area = new DrawingArea(byId("drawing"), () => { picture = null; }, answer);
let model = null, taken = null, picture = null;

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
  const { shape, names } = signature();
  taken = describeModel(shape, names);
  arrange();
  // The first answer takes longer than those that follow: nobody is to wait for it.
  ask(new Array(shape.reduce((a, b) => a * b)).fill(0));
}

// Shows what a person can do with the model: what is drawn here can only be a sign.
function arrange() {
  byId("task").textContent = describeTask(taken);
  byId("drawing").hidden = !taken.signs;
  const [height, width] = taken.shape;
  Object.assign(byId("seen"), { width, height });
}

// Names and shape of what the model takes and returns, and of its classes, as its file has them.
function signature() {
  const { inputs, outputs } = model.modelSignature, [input] = Object.values(inputs);
  return {
    input: input.name,
    shape: input.tensorShape.dim.slice(1).map(({ size }) => Number(size)),
    probabilities: outputs.probabilities.name,
    names: model.metadata?.class_names ?? [],
  };
}

function ask(values) {
  const { input, shape, probabilities } = signature();
  const started = performance.now();
  const answers = tf.tidy(() => {
    const images = tf.tensor(values, [1, ...shape], "int32");
    return model.execute({ [input]: images }, probabilities).dataSync();
  });
  return { milliseconds: performance.now() - started, probabilities: answers };
}

function answer() {
  if (!model) return;
  const rows = readInput(picture, area, taken);
  if (!rows) return picture && tell("Nothing stands out in this picture.");
  tell("");
  showPixels(byId("seen"), rows);
  try {
    const { milliseconds, probabilities } = ask(rows.flat(2));
    const names = taken.names.length ? taken.names : [...probabilities.keys()].map(String);
    const best = showProbabilities(byId("probabilities"), probabilities, names);
    showName(byId("digit"), names[best]);
    byId("certainty").textContent = `, ${(100 * probabilities[best]).toFixed(1)} %`;
    byId("latency").textContent = `${milliseconds.toFixed(1)} ms`;
  } catch (error) {
    clearAnswer();
    tell(`The model failed: ${error.message}`);
  }
}

function clearAnswer() {
  showName(byId("digit"), "?");
  byId("certainty").textContent = byId("latency").textContent = "";
  byId("probabilities").replaceChildren();
}

function clear() {
  picture = null;
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
  const begin = (problem) => { clear(); tell(problem); };
  listenForPictures(byId("picture"), (chosen) => { begin(""); picture = chosen; answer(); }, begin);
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
