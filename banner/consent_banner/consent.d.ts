// SPDX-License-Identifier: MIT
// window.consent and its events, for TypeScript: add this file to the "files" or "include" of a tsconfig.json.

declare namespace ConsentLedger {
  /** A category or a service that visitors are asked for. */
  type Id = string;

  /** Every answer by its id. */
  type Choices = Readonly<Record<Id, boolean>>;

  type Action = "accept_all" | "reject_all" | "customise" | "withdraw" | "signal" | "object";

  interface Api {
    /** Opens the visitor's choices. */
    open(): void;
    /** Refuses everything; nothing happens when all is refused already. */
    withdraw(): void;
    /** Whether a category or service is granted. */
    granted(id: Id): boolean;
    /** Every answer, or null while something is still to be asked. */
    choices(): Choices | null;
    /** The id of this visitor's last record, as long as this browser has one. */
    record(): string | undefined;
  }

  interface Change {
    /** Absent when the choice was made elsewhere: in another tab, or in the browser's settings. */
    readonly action: Action | undefined;
    readonly choices: Choices;
  }

  /** The ledger's answer to a record. The version is in `schema`; `consent-ledger verify` checks the rest. */
  interface Receipt {
    readonly schema: string;
    readonly origin: string;
    readonly index: number;
    readonly [part: string]: unknown;
  }
}

interface Window {
  /** Absent before the script has run, and where it is blocked: `window.consent?.granted(…)`. */
  readonly consent?: ConsentLedger.Api;
}

interface DocumentEventMap {
  /** `window.consent` is there. */
  "consent:ready": CustomEvent<null>;
  /** A choice is in force, in this page or taken over from another. */
  "consent:change": CustomEvent<ConsentLedger.Change>;
  /** The ledger has the record. */
  "consent:receipt": CustomEvent<ConsentLedger.Receipt>;
}
