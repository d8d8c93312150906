// Has TensorFlow.js answer with a graph model in WebAssembly, as a browser does:
// node graph_model.cjs NODE_MODULES REQUEST
//
// Request and answers: answers.py.
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { createRequire } = require('node:module');

const [modules, requestPath] = process.argv.slice(2);
const load = createRequire(path.join(modules, 'any.js'));
const tf = load('@tensorflow/tfjs-core');
const { loadGraphModel } = load('@tensorflow/tfjs-converter');
const { setWasmPaths } = load('@tensorflow/tfjs-backend-wasm');

// What the operating system says about a full disk or no memory is no verdict on the model.
const HOST_FAULT_EXIT_CODE = 75;
const HOST_ERRORS = ['ENOSPC', 'EDQUOT', 'EFBIG', 'EROFS', 'EIO', 'ENOMEM', 'EMFILE', 'ENFILE'];
const KIBIBYTE = 1024;

// Reads the model from its folder: TensorFlow.js itself only knows how to fetch one.
function readFolder(modelPath) {
  const model = JSON.parse(fs.readFileSync(modelPath, 'utf8'));
  const folder = path.dirname(modelPath);
  const files = model.weightsManifest.flatMap((group) => group.paths);
  const bytes = Buffer.concat(files.map((file) => fs.readFileSync(path.join(folder, file))));
  return {
    ...model,
    weightSpecs: model.weightsManifest.flatMap((group) => group.weights),
    weightData: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength),
  };
}

// Sizes of constants by type, each of four bytes but for booleans.
function measureConstants(specs) {
  const sizes = {};
  for (const { shape, dtype } of specs) {
    const bytes = shape.reduce((product, size) => product * size, dtype === 'bool' ? 1 : 4);
    sizes[dtype] = (sizes[dtype] ?? 0) + bytes;
  }
  return sizes;
}

// The most that this program held; resourceUsage would count what it was forked from.
function peakMemoryBytes() {
  const [, kibibytes] = fs.readFileSync('/proc/self/status', 'utf8').match(/VmHWM:\s+(\d+) kB/);
  return Number(kibibytes) * KIBIBYTE;
}

// Types and shapes as a caller sees them: what TensorFlow.js makes of the signature.
function describe(signature, dtypeOf) {
  const entries = Object.entries(signature).map(([name, { tensorShape }]) => {
    const sizes = (tensorShape.dim ?? []).map(({ size }) => Number(size));
    const shape = sizes.map((size) => (size === -1 ? null : size));
    return [name, { dtype: dtypeOf(name), shape }];
  });
  return Object.fromEntries(entries);
}

async function main() {
  const request = JSON.parse(fs.readFileSync(requestPath, 'utf8'));
  const wasm = path.join(modules, '@tensorflow', 'tfjs-backend-wasm', 'dist');
  setWasmPaths(wasm + path.sep);
  if (!(await tf.setBackend('wasm'))) throw new Error('the WebAssembly backend does not start');
  // What child_process.py waits for.
  console.log('the work has started');

  const artifacts = readFolder(request.model);
  const model = await loadGraphModel({ load: async () => artifacts });
  const { inputs, outputs } = artifacts.signature;
  const [inputName] = Object.keys(inputs);
  const outputNames = Object.keys(outputs);
  const outputTypes = {};
  const pixels = fs.readFileSync(request.images);
  const [numImages, ...imageShape] = request.shape;
  const imageSize = imageShape.reduce((product, size) => product * size, 1);

  function call(start, end) {
    return tf.tidy(() => {
      const values = Int32Array.from(pixels.subarray(start * imageSize, end * imageSize));
      const images = tf.tensor(values, [end - start, ...imageShape], 'int32');
      const tensors = model.execute(
        { [inputName]: images },
        outputNames.map((name) => outputs[name].name),
      );
      return [tensors].flat().map((tensor, index) => {
        outputTypes[outputNames[index]] = tensor.dtype;
        return tensor.arraySync();
      });
    });
  }

  function join(answers) {
    const entries = outputNames.map((name, index) => [
      name, answers.flatMap((answer) => answer[index]),
    ]);
    return Object.fromEntries(entries);
  }

  const batched = [];
  for (let start = 0; start < numImages; start += request.batch_size) {
    batched.push(call(start, Math.min(start + request.batch_size, numImages)));
  }
  const single = [];
  for (let index = 0; index < Math.min(request.single_calls, numImages); index += 1) {
    single.push(call(index, index + 1));
  }
  const latencies = [];
  for (let count = 0; count < request.timed_calls; count += 1) {
    const started = performance.now();
    call(0, 1);
    latencies.push(performance.now() - started);
  }
  latencies.sort((one, other) => one - other);
  const content = {
    inputs: describe(inputs, () => model.inputs[0].dtype),
    outputs: describe(outputs, (name) => outputTypes[name]),
    constants: measureConstants(artifacts.weightSpecs),
    batched: join(batched),
    single: join(single),
    latency_ms: latencies[Math.floor(latencies.length / 2)],
    peak_memory_bytes: peakMemoryBytes(),
  };
  fs.writeFileSync(request.answers, JSON.stringify(content, notFinite));
}

// JSON has no such numbers; Python reads them by these names.
function notFinite(key, value) {
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}

main().catch((error) => {
  console.error(error.stack);
  process.exit(HOST_ERRORS.includes(error.code) ? HOST_FAULT_EXIT_CODE : 1);
});
