"""Which TensorFlow ops a net may be made of.

An allow-list, since what is "not stateful" to TensorFlow may still read files, run Python, end the
process or hold another graph in a string. Everything here computes on tensors and on the net's own
variables, and nothing else.
"""

from __future__ import annotations


def words(text: str) -> frozenset[str]:
    """The names in a block of text."""
    return frozenset(text.split())


# Tensors that are there, come in, or are passed on as they are; an Assert ends the call at most.
PLUMBING = words("""
    Assert CheckNumerics CheckNumericsV2 Const ControlTrigger EnsureShape FakeParam
    GuaranteeConst Identity IdentityN NoOp Placeholder PlaceholderV2 PlaceholderWithDefault
    PreventGradient Snapshot StopGradient
""")

# A variable's own reads and assignments. A handle to a variable is made by name, so these reach the
# variables of the process at most, which loads nothing but this net.
VARIABLES = words("""
    Assign AssignAdd AssignAddVariableOp AssignSub AssignSubVariableOp AssignVariableOp
    DestroyResourceOp DisableCopyOnRead IsVariableInitialized ReadVariableOp ResourceGather
    ResourceGatherNd ResourceScatterAdd ResourceScatterNdUpdate ResourceScatterUpdate
    ResourceStridedSliceAssign VarHandleOp VarIsInitializedOp Variable VariableShape VariableV2
""")

# The functions that these call are in the library, every one of which is checked as well.
CONTROL_FLOW = words("""
    Case Enter Exit If LoopCond Merge NextIteration PartitionedCall StatefulPartitionedCall
    StatelessCase StatelessIf StatelessWhile Switch While
""")

# Lists of tensors in memory, which loops and recurrent layers keep their steps in.
LISTS = words("""
    EmptyTensorList TensorArrayCloseV3 TensorArrayConcatV3 TensorArrayGatherV3 TensorArrayReadV3
    TensorArrayScatterV3 TensorArraySizeV3 TensorArraySplitV3 TensorArrayV3 TensorArrayWriteV3
    TensorListConcat TensorListConcatV2 TensorListElementShape TensorListFromTensor
    TensorListGather TensorListGetItem TensorListLength TensorListPopBack TensorListPushBack
    TensorListReserve TensorListResize TensorListScatter TensorListScatterIntoExistingList
    TensorListScatterV2 TensorListSetItem TensorListSplit TensorListStack
""")

# Element by element.
ELEMENTWISE = words("""
    Abs AccumulateNV2 Acos Acosh Add AddN AddV2 Angle ApproximateEqual Asin Asinh Atan Atan2
    Atanh BesselI0e BesselI1e Betainc BiasAdd BiasAddV1 Bitcast BitwiseAnd BitwiseOr BitwiseXor
    Cast Ceil ClipByValue Complex ComplexAbs Conj Cos Cosh Digamma Div DivNoNan Elu Equal Erf
    Erfc Erfinv Exp Expm1 Floor FloorDiv FloorMod Greater GreaterEqual Igamma Igammac Imag Inv
    Invert IsFinite IsInf IsNan LeakyRelu LeftShift Less LessEqual Lgamma Log Log1p LogicalAnd
    LogicalNot LogicalOr Maximum Minimum Mod Mul MulNoNan Ndtri Neg NextAfter NotEqual OnesLike
    Polygamma Pow Real RealDiv Reciprocal Relu Relu6 RightShift Rint Round Rsqrt Select SelectV2
    Selu Sigmoid Sign Sin Sinh Softplus Softsign Sqrt Square SquaredDifference Sub Tan Tanh
    TruncateDiv TruncateMod Xdivy Xlog1py Xlogy ZerosLike Zeta
""")

# Along axes: sums, sorting, segments, matrices, transforms.
REDUCTIONS = words("""
    All Any ApproxTopK ArgMax ArgMin Bincount Bucketize Cumprod Cumsum CumulativeLogsumexp
    DenseBincount EuclideanNorm HistogramFixedWidth InTopK InTopKV2 L2Loss LogSoftmax LowerBound
    Max Mean Min NthElement Prod SegmentMax SegmentMean SegmentMin SegmentProd SegmentSum
    Softmax Sum TopK TopKV2 Unique UniqueV2 UniqueWithCounts UniqueWithCountsV2
    UnsortedSegmentMax UnsortedSegmentMin UnsortedSegmentProd UnsortedSegmentSum UpperBound
""")
MATRICES = words("""
    BatchMatMul BatchMatMulV2 BatchMatMulV3 Cholesky Cross Diag DiagPart Eig Einsum FFT FFT2D
    FFT3D IFFT IFFT2D IFFT3D IRFFT IRFFT2D IRFFT3D LogMatrixDeterminant Lu MatMul MatrixBandPart
    MatrixDeterminant MatrixDiag MatrixDiagPart MatrixDiagPartV2 MatrixDiagPartV3 MatrixDiagV2
    MatrixDiagV3 MatrixExponential MatrixInverse MatrixSetDiag MatrixSetDiagV2 MatrixSetDiagV3
    MatrixSolve MatrixSolveLs MatrixSquareRoot MatrixTriangularSolve Qr RFFT RFFT2D RFFT3D
    SelfAdjointEigV2 Svd TridiagonalMatMul TridiagonalSolve XlaDynamicUpdateSlice
""")

# Shapes, slices and orders of values.
SHAPES = words("""
    BatchToSpace BatchToSpaceND BroadcastArgs BroadcastGradientArgs BroadcastTo Concat
    ConcatOffset ConcatV2 ConjugateTranspose DataFormatDimMap DataFormatVecPermute DepthToSpace
    DynamicPartition DynamicStitch Empty ExpandDims ExtractImagePatches ExtractVolumePatches
    Fill Gather GatherNd GatherV2 InvertPermutation LinSpace ListDiff MirrorPad OneHot Pack Pad
    PadV2 ParallelConcat ParallelDynamicStitch Range Rank Reshape Reverse ReverseSequence
    ReverseV2 Roll ScatterNd ScatterNdNonAliasingAdd Shape ShapeN Size Slice SpaceToBatch
    SpaceToBatchND SpaceToDepth SparseToDense Split SplitV Squeeze StridedSlice TensorScatterAdd
    TensorScatterMax TensorScatterMin TensorScatterSub TensorScatterUpdate
    TensorStridedSliceUpdate Tile Transpose Unpack UnravelIndex Where
""")

# Layers. The backprop ops are transposed convolutions.
LAYERS = words("""
    AvgPool AvgPool3D BatchNormWithGlobalNormalization Conv Conv2D Conv2DBackpropInput
    Conv2DBackpropInputV2 Conv3D Conv3DBackpropInput Conv3DBackpropInputV2 CudnnRNN CudnnRNNV2
    CudnnRNNV3 DepthwiseConv2dNative DepthwiseConv2dNativeBackpropInput Dilation2D
    FractionalAvgPool FractionalMaxPool FusedBatchNorm FusedBatchNormV2 FusedBatchNormV3
    FusedPadConv2D FusedResizeAndPadConv2D GRUBlockCell LRN LSTMBlockCell MaxPool MaxPool3D
    MaxPoolV2 MaxPoolWithArgmax
""")
QUANTIZATION = words("""
    Dequantize FakeQuantWithMinMaxArgs FakeQuantWithMinMaxVars FakeQuantWithMinMaxVarsPerChannel
    QuantizeAndDequantize QuantizeAndDequantizeV2 QuantizeAndDequantizeV3
    QuantizeAndDequantizeV4 QuantizeV2
""")
IMAGES = words("""
    AdjustContrast AdjustContrastv2 AdjustHue AdjustSaturation CombinedNonMaxSuppression
    CropAndResize HSVToRGB ImageProjectiveTransformV2 ImageProjectiveTransformV3
    NonMaxSuppression NonMaxSuppressionV2 NonMaxSuppressionV3 NonMaxSuppressionV4
    NonMaxSuppressionV5 RGBToHSV ResizeArea ResizeBicubic ResizeBilinear ResizeNearestNeighbor
    ScaleAndTranslate
""")

# What training functions of older Keras files are made of: saved beside the net, never called.
GRADIENTS = words("""
    AvgPool3DGrad AvgPoolGrad BiasAddGrad Conv2DBackpropFilter Conv2DBackpropFilterV2
    Conv3DBackpropFilter Conv3DBackpropFilterV2 CudnnRNNBackprop CudnnRNNBackpropV2
    CudnnRNNBackpropV3 DepthwiseConv2dNativeBackpropFilter EluGrad FusedBatchNormGrad
    FusedBatchNormGradV2 FusedBatchNormGradV3 InvGrad LRNGrad LeakyReluGrad MaxPool3DGrad
    MaxPoolGrad MaxPoolGradV2 MaxPoolGradWithArgmax MirrorPadGrad ReciprocalGrad Relu6Grad
    ReluGrad ResizeBicubicGrad ResizeBilinearGrad ResizeNearestNeighborGrad RsqrtGrad
    ScaleAndTranslateGrad SeluGrad SigmoidGrad SoftmaxCrossEntropyWithLogits SoftplusGrad
    SoftsignGrad SparseSoftmaxCrossEntropyWithLogits SqrtGrad StridedSliceGrad TanhGrad
""")

# Random numbers are no danger, but no net computes the same twice with them (sources/_steady.py).
# Each group by what its numbers are: around zero, or anything else.
NORMAL = words("""
    RandomStandardNormal StatefulStandardNormal StatefulStandardNormalV2 StatefulTruncatedNormal
    StatelessRandomNormal StatelessRandomNormalV2 StatelessTruncatedNormal
    StatelessTruncatedNormalV2 TruncatedNormal
""")
OTHER_RANDOM = words("""
    Multinomial NonDeterministicInts ParameterizedTruncatedNormal RandomCrop RandomGamma
    RandomIndexShuffle RandomPoisson RandomPoissonV2 RandomShuffle RandomUniform
    RandomUniformInt SampleDistortedBoundingBox SampleDistortedBoundingBoxV2
    StatefulRandomBinomial StatefulUniform StatefulUniformFullInt StatefulUniformInt
    StatelessMultinomial StatelessParameterizedTruncatedNormal StatelessRandomBinomial
    StatelessRandomGammaV2 StatelessRandomGammaV3 StatelessRandomPoisson StatelessRandomUniform
    StatelessRandomUniformFullInt StatelessRandomUniformFullIntV2 StatelessRandomUniformInt
    StatelessRandomUniformIntV2 StatelessRandomUniformV2 StatelessSampleDistortedBoundingBox
    StatelessShuffle
""")
SEEDS = words("""
    RngReadAndSkip RngSkip StatelessRandomGetAlg StatelessRandomGetKeyCounter
    StatelessRandomGetKeyCounterAlg
""")
RANDOM = NORMAL | OTHER_RANDOM

ALLOWED = (
    PLUMBING | VARIABLES | CONTROL_FLOW | LISTS | ELEMENTWISE | REDUCTIONS | MATRICES | SHAPES
    | LAYERS | QUANTIZATION | IMAGES | GRADIENTS | RANDOM | SEEDS
)  # fmt: skip

# What TensorFlow itself writes beside a net to save and to restore its variables: files are touched
# here, so these are allowed in those places only (sources/_saved_model_check.py).
SAVING = words("MergeV2Checkpoints SaveV2 ShardedFilename StaticRegexFullMatch StringJoin")
RESTORING = words("RestoreV2")
AROUND_SAVING = words("""
    Cast Const DisableCopyOnRead Identity IdentityN NoOp Pack Placeholder PlaceholderWithDefault
    ReadVariableOp Select SelectV2
""")
AROUND_RESTORING = words("""
    Assign AssignVariableOp Const Identity IdentityN NoOp Placeholder PlaceholderWithDefault
    Reshape VarHandleOp Variable VariableV2
""")
