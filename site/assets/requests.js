// SPDX-License-Identifier: MIT
// Sample requests for the dashboard's table: always the same, so that settings are easy to see.
const PATHS = [
  "time-zone?place=Lisbon",
  "distance?from=Dublin&to=Tokyo",
  "time-zone?place=Nairobi",
  "places?q=s",
  "time-zone?place=Atlantis",
  "distance?from=Cairo&to=Cape+Town",
  "time-zone?place=Kathmandu",
];
const PROJECTS = { atlas: 34, harbour: 17, fieldwork: 8 };

/** @param {string} project @returns {{minutes: number, path: string, status: number, ms: number}[]} newest first */
export function requestsOf(project) {
  const start = project.length;
  return Array.from({ length: PROJECTS[project] ?? 0 }, (_, at) => {
    const path = PATHS[(at * 3 + start) % PATHS.length];
    return { minutes: 2 + at * (start + 1), path, status: path.endsWith("Atlantis") ? 404 : 200, ms: 8 + ((at * 7 + start * 5) % 23) };
  });
}
