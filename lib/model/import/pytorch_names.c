/* The classes and functions that PyTorch's files are made of; all others are refused where they are
 * called. */
#include <string.h>

#include "file/dtype.h"
#include "model/import/pytorch_private.h"

static const struct {
    const char *name;
    enum pytorch_role role;
} names[] = {
    {"torch._utils._rebuild_tensor", PYTORCH_TENSOR},
    {"torch._utils._rebuild_tensor_v2", PYTORCH_TENSOR},
    {"torch._utils._rebuild_tensor_v3", PYTORCH_TYPED_TENSOR},
    {"torch._utils._rebuild_parameter", PYTORCH_PARAMETER},
    {"torch._utils._rebuild_parameter_with_state", PYTORCH_PARAMETER},
    {"torch.nn.parameter.Parameter", PYTORCH_PARAMETER},
    {"torch.nn.parameter.Buffer", PYTORCH_PARAMETER},
    {"torch.autograd.variable.Variable", PYTORCH_PARAMETER},
    {"torch._tensor._rebuild_from_type", PYTORCH_SUBCLASS},
    {"torch._tensor._rebuild_from_type_v2", PYTORCH_SUBCLASS},
    {"torch.tensor._rebuild_from_type", PYTORCH_SUBCLASS},
    {"torch._utils._rebuild_sparse_tensor", PYTORCH_OTHER_TENSOR},
    {"torch._utils._rebuild_sparse_csr_tensor", PYTORCH_OTHER_TENSOR},
    {"torch._utils._rebuild_nested_tensor", PYTORCH_OTHER_TENSOR},
    {"torch._utils._rebuild_qtensor", PYTORCH_OTHER_TENSOR},
    {"torch._utils._rebuild_meta_tensor_no_storage", PYTORCH_OTHER_TENSOR},
    {"torch._utils._rebuild_wrapper_subclass", PYTORCH_OTHER_TENSOR},
    {"torch._utils._rebuild_device_tensor_from_numpy", PYTORCH_PARAMETER},
    {"torch._utils._rebuild_xla_tensor", PYTORCH_PARAMETER},
    {"torch.storage._load_from_bytes", PYTORCH_STORAGE},
    {"_codecs.encode", PYTORCH_ENCODED},
    {"numpy.core.multiarray._reconstruct", PYTORCH_ARRAY},
    {"numpy._core.multiarray._reconstruct", PYTORCH_ARRAY},
    {"numpy.core.numeric._frombuffer", PYTORCH_BUFFER},
    {"numpy._core.numeric._frombuffer", PYTORCH_BUFFER},
    {"numpy.core.multiarray.scalar", PYTORCH_SCALAR},
    {"numpy._core.multiarray.scalar", PYTORCH_SCALAR},
    {"collections.OrderedDict", PYTORCH_DICT},
    {"collections.defaultdict", PYTORCH_DICT},
    {"collections.Counter", PYTORCH_DICT},
    {"builtins.dict", PYTORCH_DICT},
    {"__builtin__.dict", PYTORCH_DICT},
    {"torch.Size", PYTORCH_VALUE},
    {"torch.device", PYTORCH_VALUE},
    {"torch.serialization._get_layout", PYTORCH_VALUE},
    {"numpy.dtype", PYTORCH_VALUE},
    {"numpy.random._pickle.__randomstate_ctor", PYTORCH_VALUE},
    {"numpy.random._pickle.__generator_ctor", PYTORCH_VALUE},
    {"numpy.random._pickle.__bit_generator_ctor", PYTORCH_VALUE},
    {"copyreg._reconstructor", PYTORCH_VALUE},
    {"copy_reg._reconstructor", PYTORCH_VALUE},
    {"builtins.set", PYTORCH_VALUE},
    {"builtins.frozenset", PYTORCH_VALUE},
    {"builtins.list", PYTORCH_VALUE},
    {"builtins.tuple", PYTORCH_VALUE},
    {"builtins.bytearray", PYTORCH_VALUE},
    {"builtins.complex", PYTORCH_VALUE},
    {"builtins.range", PYTORCH_VALUE},
    {"builtins.slice", PYTORCH_VALUE},
    {"__builtin__.set", PYTORCH_VALUE},
    {"__builtin__.frozenset", PYTORCH_VALUE},
    {"__builtin__.list", PYTORCH_VALUE},
    {"__builtin__.tuple", PYTORCH_VALUE},
    {"__builtin__.bytearray", PYTORCH_VALUE},
    {"__builtin__.complex", PYTORCH_VALUE},
    {"__builtin__.xrange", PYTORCH_VALUE},
    {"__builtin__.slice", PYTORCH_VALUE},
    {"collections.deque", PYTORCH_VALUE},
    {"datetime.date", PYTORCH_VALUE},
    {"datetime.datetime", PYTORCH_VALUE},
    {"datetime.timedelta", PYTORCH_VALUE},
    {"pathlib.PosixPath", PYTORCH_VALUE},
    {"pathlib.WindowsPath", PYTORCH_VALUE},
    {"pathlib.PurePosixPath", PYTORCH_VALUE},
    {"pathlib.PureWindowsPath", PYTORCH_VALUE},
    {"pathlib._local.PosixPath", PYTORCH_VALUE},
    {"pathlib._local.WindowsPath", PYTORCH_VALUE},
    {"types.SimpleNamespace", PYTORCH_VALUE},
};

enum pytorch_role cnn_pytorch_role(const char *name)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(names[i].name, name))
            return names[i].role;
    return PYTORCH_UNKNOWN;
}

enum pytorch_role cnn_pytorch_made_by(const struct cnn_pickle_value *v)
{
    int made = v->kind == CNN_PICKLE_CALL || v->kind == CNN_PICKLE_OBJECT;
    return made && v->of->kind == CNN_PICKLE_NAME ? cnn_pytorch_role(v->of->bytes)
                                                  : PYTORCH_UNKNOWN;
}

int cnn_pytorch_may_call(const char *name)
{
    return cnn_pytorch_role(name) != PYTORCH_UNKNOWN;
}

/* The last are such as only say how large they are. */
static const struct {
    const char *storage, *type;
    int dtype;
    size_t item;
} types[] = {
    {"FloatStorage", "float32", CNN_F32, 4},
    {"DoubleStorage", "float64", CNN_F64, 8},
    {"HalfStorage", "float16", CNN_F16, 2},
    {"BFloat16Storage", "bfloat16", CNN_BF16, 2},
    {"LongStorage", "int64", CNN_I64, 8},
    {"IntStorage", "int32", CNN_I32, 4},
    {"ShortStorage", "int16", CNN_I16, 2},
    {"CharStorage", "int8", CNN_I8, 1},
    {"ByteStorage", "uint8", CNN_U8, 1},
    {"BoolStorage", "bool", CNN_BOOL, 1},
    {"UntypedStorage", "uint8", CNN_U8, 1},
    {"", "uint16", CNN_U16, 2},
    {"", "uint32", CNN_U32, 4},
    {"", "uint64", CNN_U64, 8},
    {"", "float8_e4m3fn", CNN_F8_E4M3, 1},
    {"", "float8_e5m2", CNN_F8_E5M2, 1},
    {"ComplexFloatStorage", "complex64", -1, 8},
    {"ComplexDoubleStorage", "complex128", -1, 16},
    {"QInt8Storage", "qint8", -1, 1},
    {"QUInt8Storage", "quint8", -1, 1},
    {"QInt32Storage", "qint32", -1, 4},
};

int cnn_pytorch_type(const char *name, int *dtype, size_t *item)
{
    static const char *const modules[] = {"torch.", "torch.cuda.", "torch.storage."};
    for (size_t k = 0; k < sizeof modules / sizeof *modules; k++) {
        size_t n = strlen(modules[k]);
        const char *rest = strncmp(name, modules[k], n) ? "" : name + n;
        for (size_t i = 0; *rest && i < sizeof types / sizeof *types; i++)
            if (!strcmp(rest, types[i].storage) || (!k && !strcmp(rest, types[i].type))) {
                *dtype = types[i].dtype;
                *item = types[i].item;
                return 1;
            }
    }
    return 0;
}
