// SPDX-License-Identifier: MIT
// Requests to the Meridian API, each with a key of its own.

/**
 * `<tab>.<number>`: the same request sent again keeps its key and is not counted twice.
 * Kept for this tab only; without storage requests go out without a key.
 */
function nextKey() {
  try {
    const [tab, number] = (sessionStorage.getItem("api.request") ?? "").split(".");
    const random = () => Array.from(crypto.getRandomValues(new Uint8Array(4)), (b) => b.toString(16).padStart(2, "0")).join("");
    const key = `${tab || random()}.${(Number(number) || 0) + 1}`;
    sessionStorage.setItem("api.request", key);
    return key;
  } catch {
    return null;
  }
}

/**
 * @param {string} path  with its query
 * @returns {Promise<{status: number, body: string, quota: string|null}>} status 0 when there is no network
 */
export async function send(path) {
  const key = nextKey();
  const headers = key ? { "Request-Key": key } : {};
  for (let attempt = 0; ; attempt++) {
    try {
      const response = await fetch(path, { headers });
      return { status: response.status, body: await response.text(), quota: response.headers.get("Quota-Used") };
    } catch {
      if (attempt === 1) return { status: 0, body: "The server cannot be reached.", quota: null };
    }
  }
}

/** The path of a request. @param {string} version @param {string} endpoint @param {Record<string, string>} query */
export const pathOf = (version, endpoint, query) => `/api/${version}/${endpoint}?${new URLSearchParams(query)}`;
