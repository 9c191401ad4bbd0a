// SPDX-License-Identifier: MIT
// Left out where the script has one language: then the builder writes its texts where they are used.
import { _locales } from "./config.js";

/** The language shown and its texts: the page's language, else the browser's, else the site's default. */
export const [_language, _text] =
  [document.documentElement.lang, ...navigator.languages]
    .map((tag) => _locales.find(([language]) => tag.toLowerCase().split("-")[0] == language.split("-")[0]))
    .find(Boolean) || _locales[0];
