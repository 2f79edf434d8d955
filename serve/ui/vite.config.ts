import { cpSync, readFileSync } from "node:fs";
import { join } from "node:path";

import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

const pdfjs = join(import.meta.dirname, "node_modules", "pdfjs-dist");
const { version } = JSON.parse(readFileSync(join(pdfjs, "package.json"), "utf8")) as {
  version: string;
};
// The version is in the address, since everything under /assets is cached for ever.
const pdfjsFiles = `assets/pdfjs-${version}`;

/** What pdf.js fetches while it draws: character maps, fonts that files lack, image decoders. */
function pdfjsSideFiles(): Plugin {
  return {
    name: "pdfjs-side-files",
    apply: "build",
    writeBundle({ dir }) {
      for (const folder of ["cmaps", "standard_fonts", "wasm", "iccs"]) {
        cpSync(join(pdfjs, folder), join(dir!, pdfjsFiles, folder), { recursive: true });
      }
    },
  };
}

export default defineConfig({
  plugins: [react(), pdfjsSideFiles()],
  define: { __PDFJS_FILES__: JSON.stringify(`/${pdfjsFiles}/`) },
  build: { outDir: "dist", emptyOutDir: true, assetsInlineLimit: 0, target: "es2022" },
});
