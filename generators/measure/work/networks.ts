// Layers of published networks, by operator: what is timed of operators that `operators.ts` has no maker for. All is
// data; how it becomes a call is the same for every operator.

type Numbers = Readonly<Record<string, number>>;

/** The sizes of one call, and what of it is not drawn as usual. */
export interface LayerCall {
  /** Of the axes that follow from no others. */
  readonly sizes: Numbers;
  /** Whole and real numbers; one number stands for all parts of a pair or of sides. */
  readonly attrs?: Numbers;
  /** Optional tensors that are given. */
  readonly given?: readonly string[];
  /** Elements of tensors that are known, such as the rows and columns of maps. */
  readonly values?: Readonly<Record<string, readonly number[]>>;
}

/** Layers under one name, with the source of their sizes. */
export interface Network {
  readonly source: string;
  readonly calls: readonly LayerCall[];
}

/** What is known of an operator's calls; the first network is timed where none is asked for. */
export interface Calls {
  readonly networks: Readonly<Record<string, Network>>;
  /** Operations for each index of these axes; absent where they depend on data. */
  readonly operations?: { readonly each: number; readonly over: readonly string[] };
  /** Axes of a tensor of shares whose indices lie across the picture; a single one runs over it row by row. */
  readonly across?: readonly string[];
  /** The four numbers of a box are its centre and sides, and angles in radians follow. */
  readonly centred?: true;
}

const stages = (more: (groups: number) => LayerCall): readonly LayerCall[] => [
  { ...more(4), sizes: { N: 1, H: 56, W: 56, D: 16, ...more(4).sizes } },
  { ...more(8), sizes: { N: 1, H: 28, W: 28, D: 16, ...more(8).sizes } },
  { ...more(16), sizes: { N: 1, H: 14, W: 14, D: 16, ...more(16).sizes } },
];

/** Rows and columns of the four levels of a picture of 800 x 1066, from stride 8 on. */
const levels = [100, 134, 50, 67, 25, 34, 13, 17];

const attention = (queries: number): LayerCall => ({
  sizes: { B: 1, S: 17821, M: 8, D: 32, L: 4, Q: queries, P: 4 },
  values: { shapes: levels, starts: [0, 13400, 16750, 17600] },
});

const detector = { N: 1, H: 50, W: 68, R: 512 };
const bins = { output_size: 7, spatial_scale: 1 / 16 };

const ofChannels = (C: number, attrs: Numbers, given: readonly string[] = []): Network => ({
  source: "a feature pyramid's level at stride 16 of a picture of 800 x 1088, 512 boxes",
  calls: [{ sizes: { ...detector, C }, attrs: { ...bins, ...attrs }, given }],
});

/** R-FCN's position-sensitive maps: 7 x 7 groups of bins for each of 21 classes. */
const rfcn = (attrs: Numbers = {}, given: readonly string[] = [], sizes: Numbers = {}) => ({
  light: {
    source: "arXiv 1711.07264 (Light-Head R-CNN), 10 channels of 7 x 7 bins",
    calls: [{ sizes: { ...detector, O: 10, ...sizes }, attrs: { ...bins, ...attrs }, given }],
  },
  rfcn: {
    source: "arXiv 1605.06409 (R-FCN), 21 classes of 7 x 7 bins, 300 boxes",
    calls: [
      {
        sizes: { N: 1, H: 38, W: 63, R: 300, O: 21, ...sizes },
        attrs: { ...bins, ...attrs },
        given,
      },
    ],
  },
});

/** By operator. */
export const calls: Readonly<Record<string, Calls>> = {
  grid_sample: {
    networks: {
      flow: {
        source: "a picture warped by an optical flow, as unsupervised flow networks do",
        calls: [{ sizes: { N: 1, C: 3, H: 256, W: 256, OH: 256, OW: 256 } }],
      },
      basicvsr: {
        source: "github.com/XPixelGroup/BasicSR 8d56e3a, features warped on crops of 64 x 64",
        calls: [{ sizes: { N: 1, C: 64, H: 64, W: 64, OH: 64, OW: 64 } }],
      },
    },
    operations: { each: 8, over: ["N", "C", "OH", "OW"] },
    across: ["OH", "OW"],
  },
  dcn_v3: {
    networks: {
      internimage: {
        source: "github.com/OpenGVLab/InternImage 9196046, InternImage-T at 224 x 224",
        calls: stages((group) => ({ sizes: { P: 9 }, attrs: { group } })),
      },
    },
    operations: { each: 10, over: ["N", "OH", "OW", "G", "D", "P"] },
  },
  dcn_v4: {
    networks: {
      flashinternimage: {
        source: "github.com/OpenGVLab/DCNv4 7d59305, FlashInternImage-T at 224 x 224",
        // Columns are padded to eights.
        calls: stages((group) => ({
          sizes: { M: Math.ceil((27 * group) / 8) * 8 },
          attrs: { group },
        })),
      },
    },
    operations: { each: 90, over: ["N", "OH", "OW", "G", "D"] },
  },
  ms_deform_attn: {
    networks: {
      decoder: {
        source: "arXiv 2010.04159 (Deformable DETR), decoder of a picture of 800 x 1066",
        calls: [attention(300)],
      },
      encoder: {
        source: "arXiv 2010.04159 (Deformable DETR), encoder of a picture of 800 x 1066",
        calls: [attention(17821)],
      },
    },
    operations: { each: 10, over: ["B", "Q", "M", "D", "L", "P"] },
    across: ["Q"],
  },
  roi_align_rotated: {
    networks: { pyramid: ofChannels(256, { sampling_ratio: 2 }) },
    operations: { each: 32, over: ["R", "C", "PH", "PW"] },
    centred: true,
  },
  prroi_pool: { networks: { pyramid: ofChannels(256, {}) } },
  deform_roi_pool: {
    networks: { pyramid: ofChannels(256, { sampling_ratio: 2 }, ["offset"]) },
    operations: { each: 32, over: ["R", "C", "PH", "PW"] },
  },
  ps_roi_pool: { networks: rfcn() },
  ps_roi_align: {
    networks: rfcn({ sampling_ratio: 2 }),
    operations: { each: 32, over: ["R", "O", "PH", "PW"] },
  },
  deform_ps_roi_pool: {
    networks: rfcn({ group_size: 7, sample_per_part: 4 }, ["trans"], { K: 1 }),
    operations: { each: 128, over: ["R", "O", "PH", "PW"] },
  },
};
