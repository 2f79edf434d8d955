/// <reference types="vite/client" />

/** Where the files lie that pdf.js fetches while it draws; ends with a slash. */
declare const __PDFJS_FILES__: string;
