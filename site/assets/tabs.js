// SPDX-License-Identifier: MIT
// Language tabs: without this script the examples simply stand one below the other.
import { make, tell } from "./dom.js";

for (const group of document.querySelectorAll("[data-tabs]")) {
  const panels = [...group.querySelectorAll(":scope > section")];
  const tabs = panels.map((panel, place) => {
    const heading = panel.querySelector("h3");
    panel.id ||= `${group.id}-${place}`;
    panel.setAttribute("role", "tabpanel");
    panel.tabIndex = 0;
    heading.hidden = true;
    const tab = make("button", { type: "button", role: "tab", "aria-controls": panel.id, id: `${panel.id}-tab` }, heading.textContent);
    panel.setAttribute("aria-labelledby", tab.id);
    tab.addEventListener("click", () => {
      choose(place);
      tell("usage", "examples", tab.textContent);
    });
    return tab;
  });

  function choose(chosen) {
    tabs.forEach((tab, place) => {
      tab.setAttribute("aria-selected", String(place === chosen));
      tab.tabIndex = place === chosen ? 0 : -1;
      panels[place].hidden = place !== chosen;
    });
  }

  const list = make("div", { role: "tablist", "aria-label": group.dataset.tabs }, ...tabs);
  list.addEventListener("keydown", (event) => {
    const at = tabs.indexOf(document.activeElement);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const place = (to + tabs.length) % tabs.length;
    choose(place);
    tabs[place].focus();
  });
  group.prepend(list);
  choose(0);
}
