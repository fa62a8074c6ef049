demo.v
demo_scale.v
