// What differs between releases of the core library; the one place that knows.
#pragma once

#include "plan.hpp"
#include "slickq/producer.hpp"

namespace slickq::bench {

template <class Producer>
inline constexpr bool kHasBursts = requires(Producer& producer) {
  producer.burst(1u);
};

template <class Options>
inline constexpr bool kHasModes = requires(Options& options) {
  options.mode;
};

template <class Options>
void declare(Options& options, ProducerKind kind) {
  if constexpr (kHasModes<Options>) {
    using ProducerMode = decltype(options.mode);
    options.mode = kind == ProducerKind::single ? ProducerMode::single : ProducerMode::multi;
  }
  (void)options, (void)kind;
}

}  // namespace slickq::bench
