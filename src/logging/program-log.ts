/** Logs one line: what happened in which part of the program, and the fields that belong to it. */
type LogLine = (component: string, msg: string, fields?: Record<string, unknown>) => void;

/** The log of the program: one line for each change of state. The rooms below it only see this. */
export interface ProgramLog {
  /** Logs what only a developer wants to see. */
  readonly debug: LogLine;
  /** Logs a normal change of state. */
  readonly info: LogLine;
  /** Logs what is wrong and does not stop the work. */
  readonly warn: LogLine;
  /** Logs what has failed. */
  readonly error: LogLine;
}
