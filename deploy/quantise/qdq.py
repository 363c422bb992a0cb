"""Q/DQ by ONNX Runtime's quantiser, with the settings that TensorRT's parser accepts too.

Symmetric INT8 for activations and weights, weights by output channel, no quantised bias: with the
quantiser's defaults the parser refuses the model. Only what goes into a layer is quantised. What
comes out of one is added, clipped and pooled in FP32 first, or inside the layer where the engine
fuses them: a bottleneck that is rounded before and after its sum loses twice.
"""

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import onnx

from deploy.bundle import reference as _reference  # noqa: F401 - opens the door to ONNX Runtime
from deploy.quantise.layers import KINDS, Layer


def with_qdq(model: Any, layers: Collection[Layer], limits: Mapping[str, float]) -> Any:
    """A copy of an onnx.ModelProto in which these layers, and no others, are in INT8.

    Args:
        model: FP32, its nodes named.
        layers: which to quantise.
        limits: the magnitude that INT8 reaches up to, by tensor.
    """
    from onnxruntime.quantization import QuantType
    from onnxruntime.quantization.calibrate import CalibrationMethod, TensorsData
    from onnxruntime.quantization.qdq_quantizer import QDQQuantizer

    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    wanted = {layer.input for layer in layers}
    ranges = {
        name: (np.array(-limit, np.float32), np.array(limit, np.float32))
        for name, limit in limits.items()
        if name in wanted
    }
    quantizer = QDQQuantizer(
        model=copy,
        per_channel=True,
        reduce_range=False,
        weight_qType=QuantType.QInt8,
        activation_qType=QuantType.QInt8,
        tensors_range=TensorsData(CalibrationMethod.MinMax, ranges),
        nodes_to_quantize=[layer.name for layer in layers],
        nodes_to_exclude=[],
        op_types_to_quantize=list(KINDS),
        extra_options={
            "ActivationSymmetric": True,
            "WeightSymmetric": True,
            "QuantizeBias": False,
            "OpTypesToExcludeOutputQuantization": list(KINDS),
        },
    )
    quantizer.quantize_model()
    return quantizer.model.model
