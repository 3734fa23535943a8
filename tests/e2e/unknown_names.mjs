// Names that scripts use and nobody has given them, and imports that they do not use: `file: name`.
import { readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join, relative } from "node:path";

const [packages, root] = process.argv.slice(2);
const require = createRequire(join(packages, "any.js"));
const { parse } = require("@babel/parser");
const traverse = require("@babel/traverse").default;

// What a browser has; what is not listed here has to be imported.
const KNOWN = new Set(`
  AbortController AbortSignal Array Blob Boolean CSS CustomEvent Date DOMParser Error Event EventSource File FormData Infinity
  IntersectionObserver Intl JSON Map Math MutationObserver NaN Number Object Promise Proxy Reflect RegExp ResizeObserver Set String
  Symbol TextDecoder TextEncoder URL URLSearchParams Uint8Array Uint32Array WeakMap WeakRef addEventListener atob btoa cancelAnimationFrame cancelIdleCallback
  clearInterval clearTimeout console crypto customElements decodeURIComponent document encodeURIComponent fetch getComputedStyle
  globalThis history innerHeight innerWidth isNaN localStorage location matchMedia navigator performance queueMicrotask removeEventListener
  requestAnimationFrame requestIdleCallback sessionStorage setInterval setTimeout structuredClone undefined window
`.trim().split(/\s+/));

for (const file of readdirSync(root, { recursive: true }).filter((name) => /\.jsx?$/.test(name))) {
  const path = join(root, file);
  const code = readFileSync(path, "utf8");
  traverse(parse(code, { sourceType: "module", plugins: ["jsx"] }), {
    Program({ scope }) {
      for (const name of Object.keys(scope.globals)) if (!KNOWN.has(name)) console.log(`${relative(root, path)}: ${name} is unknown`);
      for (const [name, binding] of Object.entries(scope.bindings)) {
        if (binding.kind === "module" && !binding.referenced) console.log(`${relative(root, path)}: ${name} is not used`);
      }
    },
  });
}
