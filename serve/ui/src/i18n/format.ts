/** Dates, numbers and sizes in the language of the interface. */
import { useLanguage } from "./language";

export interface Format {
  number: (value: number) => string;
  bytes: (value: number) => string;
  date: (value: string) => string;
  dateTime: (value: string) => string;
  /** The name of a language by its code. */
  language: (code: string) => string;
}

export function formatOf(language: string): Format {
  const number = new Intl.NumberFormat(language);
  const date = new Intl.DateTimeFormat(language, { dateStyle: "medium" });
  const dateTime = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });
  const languages = new Intl.DisplayNames(language, { type: "language" });
  return {
    number: (value) => number.format(value),
    bytes: (value) => bytes(language, value),
    date: (value) => date.format(new Date(value)),
    dateTime: (value) => dateTime.format(new Date(value)),
    language: (code) => languages.of(code) ?? code,
  };
}

function bytes(language: string, value: number): string {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte"];
  const power = value < 1 ? 0 : Math.min(3, Math.floor(Math.log10(value) / 3));
  return new Intl.NumberFormat(language, {
    style: "unit",
    unit: units[power]!,
    unitDisplay: power ? "short" : "long",
    maximumFractionDigits: power > 1 ? 1 : 0,
  }).format(value / 1000 ** power);
}

/** Making them takes longer than using them, and each row of a table asks for them. */
const made = new Map<string, Format>();

export function useFormat(): Format {
  const { language } = useLanguage();
  const format = made.get(language) ?? formatOf(language);
  made.set(language, format);
  return format;
}
