// SPDX-License-Identifier: MIT
import { _element } from "./element.js";

/** The one template of every button: Accept and Reject cannot differ. @param {string} label @param {() => void} onclick */
export const _button = (label, onclick) => _element("button", { type: "button", onclick }, label);
