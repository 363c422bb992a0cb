"""What engines are called, for whoever names one without running it."""

from typing import Literal, TypeAlias

EngineKind: TypeAlias = Literal["tensorrt", "tensorrt-rtx", "openvino", "onnxruntime"]
Choice: TypeAlias = Literal["auto", "tensorrt", "tensorrt-rtx", "openvino", "onnxruntime"]
Precision: TypeAlias = Literal["fp32", "fp16", "bf16", "int8"]
DEFAULT_MAX_BATCH = 8
