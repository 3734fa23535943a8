import { defineConfig } from "vite";

export default defineConfig({
  base: "/forms/",
  publicDir: false,
  logLevel: "error",
  resolve: { preserveSymlinks: true },
  oxc: { jsx: { runtime: "automatic" } },
});
