"use strict";
// An area to draw on, and how what a model made of the drawing is shown. A script of the same two
// pages as digit_image.js.

const PEN_WIDTH = 22;

// White ink on black, by mouse, finger or pen.
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

function showPixels(canvas, rows) {
  const context = canvas.getContext("2d"), image = context.createImageData(canvas.width, canvas.height);
  rows.flat().forEach((value, i) => image.data.set([value, value, value, 255], 4 * i));
  context.putImageData(image, 0, 0);
}

// Returns the most probable class.
function showProbabilities(list, probabilities) {
  const best = probabilities.indexOf(Math.max(...probabilities));
  list.replaceChildren(...Array.from(probabilities, (value, digit) => {
    const item = document.createElement("li"), meter = document.createElement("meter");
    const name = document.createElement("span"), share = document.createElement("span");
    meter.value = value; meter.setAttribute("aria-label", `Probability of ${digit}`);
    name.textContent = digit; share.textContent = (100 * value).toFixed(1) + " %";
    item.classList.toggle("best", digit === best);
    item.append(name, meter, share);
    return item;
  }));
  return best;
}
