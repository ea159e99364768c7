/** A request from its arrival to its end. */
export interface RequestEntry {
  /** Whether it may be served: there was a place left among the requests in flight. */
  readonly isAdmitted: boolean;
  /** Notes its end and gives its place back; only the first call counts. */
  end(code: number): void;
}

/** Status codes that are on the page from the start, at 0: `rate()` sees their first increase. */
const USUAL_CODES = [200, 400, 405, 500, 503];

/** What a handler counts of its own requests, and how many it serves at a time. */
export class RequestCounts {
  /** Requests that were begun and not yet ended, those that are being turned away among them. */
  inFlight = 0;
  /** Ended requests by status code. */
  readonly byCode: Map<number, number> = new Map(USUAL_CODES.map((code) => [code, 0]));
  readonly #most: number;
  #admitted = 0;

  /** @param most - how many may be served at a time; 0 for any number. */
  constructor(most = 0) {
    this.#most = most;
  }

  /** Counts the beginning of a request and takes a place for it, if there is one. */
  begin(): RequestEntry {
    const isAdmitted = this.#most === 0 || this.#admitted < this.#most;
    let hasEnded = false;
    this.inFlight++;
    if (isAdmitted) this.#admitted++;
    const end = (code: number): void => {
      if (hasEnded) return;
      hasEnded = true;
      this.inFlight--;
      if (isAdmitted) this.#admitted--;
      this.byCode.set(code, (this.byCode.get(code) ?? 0) + 1);
    };
    return { isAdmitted, end };
  }
}
