// SPDX-License-Identifier: MIT
// Stands in for language.js when the script carries several languages.
import { _locales } from "./config.js";

/** The language shown and its texts: the page's language, else the browser's, else the site's default. */
export const [_language, _text] =
  [document.documentElement.lang, ...navigator.languages]
    .map((tag) => _locales.find(([language]) => tag.toLowerCase().split("-")[0] == language.split("-")[0]))
    .find(Boolean) || _locales[0];
