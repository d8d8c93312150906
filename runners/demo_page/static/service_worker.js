"use strict";
// Keeps the page on the device, so that it works without a network.

// What the page consists of, with the digests of its files: a host or a cache on the way that hands
// out files of two versions cannot make a mixture of them. The version is the digest of the list.
const FILES = {{files}};
const VERSION = "{{version}}";

// Pages of one host share their caches, also where they stand under other paths.
const { scope } = registration;
const CACHE = `${scope} ${VERSION}`;

addEventListener("install", (event) => event.waitUntil(keep()));
addEventListener("activate", (event) => event.waitUntil(removeOlder().then(() => clients.claim())));
addEventListener("message", (event) => { if (event.data === "take over") skipWaiting(); });
addEventListener("fetch", (event) => {
  const [url] = event.request.url.split(/[?#]/);
  if (event.request.method === "GET" && url.startsWith(scope)) {
    event.respondWith(find(event.request, url === `${scope}index.html` ? scope : url));
  }
});

async function keep() {
  const requests = Object.entries(FILES).map(([name, integrity]) => new Request(scope + name, { integrity, cache: "reload" }));
  const cache = await caches.open(CACHE);
  await cache.addAll(requests);
}

async function removeOlder() {
  const older = (await caches.keys()).filter((name) => name.startsWith(`${scope} `) && name !== CACHE);
  await Promise.all(older.map((name) => caches.delete(name)));
}

async function find(request, url) {
  const cache = await caches.open(CACHE);
  return (await cache.match(url)) ?? fetch(request);
}
