/** PDF files, opened by pdf.js: only what is looked at is fetched, and nothing in them runs. */
import { useEffect, useState } from "react";
import * as pdfjs from "pdfjs-dist";
import type { PDFDocumentProxy } from "pdfjs-dist";

export type PdfFailure = "password" | "damaged" | "missing";

// What is asked for lies in runs of these; a page tree may be spread all over the file.
const RANGE_BYTES = 1 << 16;
const MOST_IMAGE_PIXELS = 1 << 27;
const VERBOSITY = pdfjs.VerbosityLevel.ERRORS;

pdfjs.GlobalWorkerOptions.workerSrc = new URL(
  "pdfjs-dist/build/pdf.worker.min.mjs",
  import.meta.url,
).href;

/** Begins while the document's record is still on its way; one that hangs ends with its document. */
let spare: pdfjs.PDFWorker | null = newWorker();

function newWorker(): pdfjs.PDFWorker {
  return new pdfjs.PDFWorker({ verbosity: VERBOSITY });
}

function freshWorker(): pdfjs.PDFWorker {
  const worker = spare ?? newWorker();
  spare = null;
  return worker;
}

interface Opened {
  pdf: PDFDocumentProxy | null;
  failure: PdfFailure | null;
}

const NOTHING: Opened = { pdf: null, failure: null };

/** The PDF of a document, once it is open, or why it cannot be. */
export function usePdf(documentId: number): Opened {
  const [opened, setOpened] = useState<Opened & { of: number }>({ ...NOTHING, of: documentId });
  useEffect(() => {
    let isWanted = true;
    const worker = freshWorker();
    const task = pdfjs.getDocument({
      worker,
      url: `/api/v1/documents/${documentId}/content`,
      rangeChunkSize: RANGE_BYTES,
      disableAutoFetch: true,
      disableStream: true,
      enableXfa: false,
      maxImageSize: MOST_IMAGE_PIXELS,
      cMapUrl: `${__PDFJS_FILES__}cmaps/`,
      cMapPacked: true,
      // Else a machine without Times and Helvetica squeezes others into their widths.
      useSystemFonts: false,
      standardFontDataUrl: `${__PDFJS_FILES__}standard_fonts/`,
      wasmUrl: `${__PDFJS_FILES__}wasm/`,
      iccUrl: `${__PDFJS_FILES__}iccs/`,
      verbosity: VERBOSITY,
    });
    task.promise.then(
      (pdf) => isWanted && setOpened({ pdf, failure: null, of: documentId }),
      (error: unknown) =>
        isWanted && setOpened({ pdf: null, failure: failureOf(error), of: documentId }),
    );
    return () => {
      isWanted = false;
      void task.destroy().finally(() => worker.destroy());
    };
  }, [documentId]);
  return opened.of === documentId ? opened : NOTHING;
}

function failureOf(error: unknown): PdfFailure {
  if (error instanceof Error && error.name === "PasswordException") return "password";
  if (error instanceof pdfjs.ResponseException && error.status >= 400) return "missing";
  return "damaged";
}
