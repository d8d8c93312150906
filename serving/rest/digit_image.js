"use strict";
// Crops, scales and centres a drawing as MNIST does; serving/client/digit_image.py is the same for
// files. A script of two pages: the model server's, and the demo that needs no server.

const SIDE = 28, BOX = 20, NOISE = 0.2;

// What is halfway goes to the even number, as in Python: half a pixel of difference would move a digit.
function roundToEven(value) {
  const below = Math.floor(value), rest = value - below;
  return rest === 0.5 ? below + Math.abs(below % 2) : Math.round(value);
}

// Takes how much ink each pixel has; some pixel has more than none. Returns rows of 0 to 255.
function centre(ink, width, height) {
  const most = ink.reduce((a, b) => Math.max(a, b), 0);
  let top = height, bottom = -1, left = width, right = -1;
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) {
    if (ink[y * width + x] < NOISE * most) { ink[y * width + x] = 0; continue; }
    top = Math.min(top, y); bottom = Math.max(bottom, y);
    left = Math.min(left, x); right = Math.max(right, x);
  }
  const cropW = right - left + 1, cropH = bottom - top + 1, scale = BOX / Math.max(cropW, cropH);
  const w = Math.max(1, roundToEven(cropW * scale)), h = Math.max(1, roundToEven(cropH * scale));
  const scaled = new Float64Array(w * h);
  // The mean of what each small pixel covers, parts of pixels included.
  for (let y = 0; y < h; y++) for (let x = 0; x < w; x++) {
    const y0 = y * cropH / h, y1 = (y + 1) * cropH / h, x0 = x * cropW / w, x1 = (x + 1) * cropW / w;
    let sum = 0;
    for (let v = Math.floor(y0); v < Math.min(y1, cropH); v++) for (let u = Math.floor(x0); u < Math.min(x1, cropW); u++) {
      const part = (Math.min(y1, v + 1) - Math.max(y0, v)) * (Math.min(x1, u + 1) - Math.max(x0, u));
      sum += part * ink[(top + v) * width + left + u];
    }
    scaled[y * w + x] = sum / ((y1 - y0) * (x1 - x0));
  }
  const strongest = scaled.reduce((a, b) => Math.max(a, b), 0);
  let mass = 0, massX = 0, massY = 0;
  for (let y = 0; y < h; y++) for (let x = 0; x < w; x++) {
    const value = scaled[y * w + x] * 255 / strongest;
    scaled[y * w + x] = value; mass += value; massX += value * (x + 0.5); massY += value * (y + 0.5);
  }
  const offset = (moment, size) => Math.min(Math.max(roundToEven(SIDE / 2 - moment / mass), 0), SIDE - size);
  const dx = offset(massX, w), dy = offset(massY, h);
  const rows = Array.from({ length: SIDE }, () => new Array(SIDE).fill(0));
  for (let y = 0; y < h; y++) for (let x = 0; x < w; x++) rows[y + dy][x + dx] = roundToEven(scaled[y * w + x]);
  return rows;
}
