// SPDX-License-Identifier: MIT
import { _locales } from "./config.js";

/** The script's only language, and its texts. */
export const [_language, _text] = _locales[0];
