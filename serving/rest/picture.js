"use strict";
// What a model takes, and how a picture becomes that. A script of the same two pages as
// digit_image.js.
//
// A model here is { shape, names, signs }: [height, width] of its images, or [height, width, 3] in
// colour; what its classes are called, if it tells; and whether it is like a model of MNIST, for
// which one can draw, and what is drawn is centred as MNIST's digits are.

const MIDDLE_GREY = 127;

// serving/client/image_model.py has the same rule, and says it in words.
function areSigns(names) {
  return names.every((name) => /^\p{Decimal_Number}+$/u.test(name) || [...name].length === 1
    || name === "N/A" || isLetterInBothCases(name));
}

function isLetterInBothCases(name) {
  const [first = ""] = name, capital = first.toUpperCase(), small = first.toLowerCase();
  return capital !== small && name === capital + small;
}

function describeModel(shape, names) {
  return { shape, names, signs: String(shape) === "28,28" && areSigns(names) };
}

// Says in words what a person does with a model.
function describeTask(model) {
  if (!model.signs) return "Choose a picture";
  return model.names.some((name) => /\D/.test(name)) ? "Draw a sign" : "Draw a digit";
}

function makeCanvas(width, height) {
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.imageSmoothingQuality = "high";
  // What is transparent shows white paper.
  context.fillStyle = "#fff";
  context.fillRect(0, 0, width, height);
  return { canvas, context };
}

function toGrey(red, green, blue) {
  return Math.round(0.299 * red + 0.587 * green + 0.114 * blue);
}

// Returns all of a picture in the size and the colours that a model takes, as rows.
function scale(picture, { shape: [height, width, colours] }) {
  const { context } = makeCanvas(width, height);
  context.drawImage(picture, 0, 0, width, height);
  const { data } = context.getImageData(0, 0, width, height);
  return Array.from({ length: height }, (_, y) => Array.from({ length: width }, (_, x) => {
    const [red, green, blue] = data.subarray(4 * (y * width + x));
    return colours ? [red, green, blue] : toGrey(red, green, blue);
  }));
}

// Returns a black canvas with a picture of signs as white ink in its middle, whichever it was.
function findInk(picture, width, height) {
  const share = Math.min(width / picture.width, height / picture.height);
  const { canvas, context } = makeCanvas(width, height);
  const [w, h] = [picture.width, picture.height].map((size) => Math.max(1, Math.round(share * size)));
  context.drawImage(picture, 0, 0, w, h);
  const image = context.getImageData(0, 0, w, h), { data } = image;
  for (let i = 0; i < data.length; i += 4) data[i] = data[i + 1] = data[i + 2] = toGrey(data[i], data[i + 1], data[i + 2]);
  // Ink is dark where all corners are light, as paper is.
  const corners = [0, w - 1, (h - 1) * w, h * w - 1].map((i) => data[4 * i]);
  if (corners.every((level) => level > MIDDLE_GREY)) for (let i = 0; i < data.length; i++) if (i % 4 < 3) data[i] = 255 - data[i];
  context.fillStyle = "#000";
  context.fillRect(0, 0, width, height);
  context.putImageData(image, Math.floor((width - w) / 2), Math.floor((height - h) / 2));
  return canvas;
}

// Calls `chosen` with each picture that is chosen in the field or dropped on the page, and `failed`
// with a sentence if it is none.
function listenForPictures(field, chosen, failed) {
  const take = async ([file]) => {
    if (!file) return;
    let picture;
    try {
      picture = await createImageBitmap(file);
    } catch {
      return failed(`${file.name}: expected a picture that this browser can show, received another file.`);
    }
    chosen(picture);
  };
  field.addEventListener("change", async () => {
    await take(field.files);
    field.value = ""; // the same one may be chosen again
  });
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    take(event.dataTransfer.files);
  });
}
