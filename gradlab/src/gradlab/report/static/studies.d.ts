// The service's answers about studies. For the checker alone.

type StudyStatus = "running" | "paused" | "completed" | "cancelled" | "failed";
type CellStatus = "waiting" | "queued" | "running" | "completed" | "cancelled" | "failed" | "refused" | "pruned";

interface StudyAxis {
  name: string;
  knob: string | null;
  pointer: string | null;
  /** all values in order; null for a distribution. */
  values: unknown[] | null;
  low: number | null;
  high: number | null;
  scale: "linear" | "log" | "names";
}

interface Spread {
  median: number;
  low: number;
  high: number;
  count: number;
}

/** One point of a study's axes. */
interface StudyCell {
  position: number;
  /** value by axis. */
  values: Record<string, unknown>;
  status: CellStatus;
  /** one for each batch of seeds. */
  experiment_ids: string[];
  seeds: number;
  seeds_done: number;
  metric: Spread | null;
  failing: Rate | null;
  verdict: string | null;
  root_cause: string | null;
  measures: Record<string, number | null>;
  seconds: number | null;
  /** where it was worse than others, and its training was stopped. */
  pruned: { epoch: number; value: number | null } | null;
  error: string | null;
}

/** What a cell's number is: a recorded statistic at an epoch, reduced to one number. */
interface StudyMeasure {
  name: string;
  series: string;
  statistic: string;
  epoch: number | "last";
  reduce: string;
}

interface StudyProgress {
  cells: number;
  cells_by_status: Partial<Record<CellStatus, number>>;
  cells_reused: number;
  trainings: number;
  trainings_done: number;
  seconds: number;
}

interface StudySummary {
  id: string;
  name: string;
  status: StudyStatus;
  revision: number;
  axes: string[];
  created_at: string;
  finished_at: string | null;
  stopped: string | null;
  error: string | null;
  progress: StudyProgress;
}

interface StudySpec {
  name: string;
  base: TrainedSpec & { training: { epochs: number } };
  seeds: number[] | null;
  measures: StudyMeasure[];
  objective: "metric" | "failing_share";
}

interface Study extends Omit<StudySummary, "axes"> {
  spec: StudySpec;
  metric: string;
  higher_is_better: boolean;
  best: StudyCell | null;
}

interface StudyTable {
  study_id: string;
  revision: number;
  axes: StudyAxis[];
  metric: string;
  higher_is_better: boolean;
  /** names of the measures. */
  measures: string[];
  rows: StudyCell[];
}

interface StudyValidation {
  cells: number;
  trainings: number;
  seconds: number;
  seconds_interval: [number, number];
}

/** A study that is ready to be begun. */
interface StudyRecipe {
  name: string;
  title: string;
  question: string;
  chart: string;
  seeds: number;
  cells: number;
  /** the study by the activation of its networks, the default first. */
  studies: Record<string, StudySpec>;
}
