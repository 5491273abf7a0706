// The service's answers about uploaded datasets. For the checker alone.

interface DatasetSummary {
  id: string;
  name: string;
  format: string;
  bytes: number;
  status: "checking" | "ready" | "refused";
  rows: number | null;
  validation_rows: number | null;
  column_count: number | null;
  created_at: string;
}

interface UploadedDataset extends DatasetSummary {
  problem: { detail: string } | null;
}

interface ColumnProfile {
  name: string;
  type: string;
  dtype: string;
  shape: number[];
  missing: number;
  distinct: number | null;
  minimum: number | null;
  maximum: number | null;
  mean: number | null;
  histogram: { low: number; high: number; counts: number[] } | null;
  commonest: { value: string; count: number }[];
}

interface DataProposal {
  target: string[];
  target_reason: string;
  task: string | null;
  task_reason: string;
  features: string[];
  split: { kind: string; reason: string } | null;
  prepare: { step: string; columns: string[]; reason: string }[];
}

interface DataProfile {
  rows: number;
  column_count: number;
  columns: ColumnProfile[];
  proposal: DataProposal;
  warnings: { kind: string; sentence: string }[];
}

/** Rows of a dataset of two features. */
interface DataPoints {
  features: [string, string];
  points: [number | null, number | null][];
  target: string | null;
  answers: (number | null)[] | null;
  categories: string[] | null;
}

interface Draft {
  spec: TrainedSpec & { seeds: number[] };
  assumptions: string[];
  notes: string[];
  dropped: string[];
  seconds: number;
}
