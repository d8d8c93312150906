"use strict";
// An area to draw on, and how what a model made of the drawing is shown. A script of the same two
// pages as digit_image.js.

const PEN_WIDTH = 22, MOST_BARS = 10;

// White ink on black, by mouse, finger or pen, or a picture that is put there.
class DrawingArea {
  // Calls `begun` when the pen comes down and `lifted` when it leaves.
  constructor(canvas, begun, lifted) {
    this.canvas = canvas;
    this.pen = canvas.getContext("2d", { willReadFrequently: true });
    canvas.addEventListener("pointerdown", (event) => {
      // Neither a second finger nor a right button draws.
      if (!event.isPrimary || event.button !== 0) return;
      canvas.setPointerCapture(event.pointerId);
      begun();
      this.from = this.position(event);
      this.strokeTo(this.from);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!this.from || !event.isPrimary) return;
      // A browser tells of several movements at once; without them, quick curves have corners.
      const moves = event.getCoalescedEvents?.() ?? [];
      for (const move of moves.length ? moves : [event]) this.strokeTo(this.position(move));
    });
    for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, (event) => {
      if (!this.from || !event.isPrimary) return;
      this.from = null;
      lifted();
    });
    this.clear();
  }

  clear() {
    this.from = null;
    this.pen.fillStyle = "#000";
    this.pen.fillRect(0, 0, this.canvas.width, this.canvas.height);
  }

  // Returns how much ink each pixel has, or null if none has any.
  read() {
    const { width, height } = this.canvas, { data } = this.pen.getImageData(0, 0, width, height);
    const ink = Float64Array.from({ length: width * height }, (_, i) => data[4 * i]);
    return ink.some(Boolean) ? ink : null;
  }

  // Puts a picture of signs where a drawing would be.
  place(picture) {
    this.clear();
    const { width, height } = this.canvas;
    this.pen.drawImage(findInk(picture, width, height), 0, 0);
  }

  // Returns what is drawn as a model of signs takes it, in rows, or null if nothing is.
  image() {
    const ink = this.read(), { width, height } = this.canvas;
    return ink && centre(ink, width, height);
  }

  position(event) {
    const { width, height } = this.canvas, box = this.canvas.getBoundingClientRect();
    return [(event.clientX - box.left) * width / box.width, (event.clientY - box.top) * height / box.height];
  }

  strokeTo(to) {
    Object.assign(this.pen, { strokeStyle: "#fff", lineWidth: PEN_WIDTH, lineCap: "round", lineJoin: "round" });
    this.pen.beginPath(); this.pen.moveTo(...this.from); this.pen.lineTo(...to); this.pen.stroke();
    this.from = to;
  }
}

// Returns what a model is to be asked about: a picture, if there is one, else what is drawn; null if
// there is nothing.
function readInput(picture, area, model) {
  if (!model.signs) return picture && scale(picture, model);
  if (picture) area.place(picture);
  return area.image();
}

// Shows rows of grey levels, or of three colours.
function showPixels(canvas, rows) {
  Object.assign(canvas, { width: rows[0].length, height: rows.length });
  const context = canvas.getContext("2d"), image = context.createImageData(canvas.width, canvas.height);
  rows.flat().forEach((value, i) => {
    const [red, green, blue] = [value, value, value].flat();
    image.data.set([red, green, blue, 255], 4 * i);
  });
  context.putImageData(image, 0, 0);
}

// Shows how probable each class is, or the likeliest of many. Returns the most probable one.
function showProbabilities(list, probabilities, names) {
  const order = [...probabilities.keys()].sort((a, b) => probabilities[b] - probabilities[a]);
  const shown = order.slice(0, MOST_BARS).sort((a, b) => a - b);
  const longest = Math.max(...shown.map((label) => [...names[label]].length));
  list.style.setProperty("--name", `${0.6 * Math.min(longest, 14)}em`);
  list.replaceChildren(...shown.map((label) => {
    const item = document.createElement("li"), meter = document.createElement("meter");
    const name = document.createElement("span"), share = document.createElement("span");
    meter.value = probabilities[label]; meter.setAttribute("aria-label", `Probability of ${names[label]}`);
    name.textContent = names[label]; share.textContent = (100 * probabilities[label]).toFixed(1) + " %";
    item.classList.toggle("best", label === order[0]);
    item.append(name, meter, share);
    return item;
  }));
  return order[0];
}

// Shows what a model takes a picture for, a word smaller than a sign.
function showName(element, name) {
  element.textContent = name;
  element.classList.toggle("word", [...name].length > 2);
}
